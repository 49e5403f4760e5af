"""The canvas of the skin on disk beside the body asset: made once a machine, mapped by every world.

It is known by a digest of what it was made from, the neutral body and the code of :mod:`synth.body.skin_masks`, so that
no change of either meets an old one.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from synth.body import skin_masks
from synth.body.asset import BodyAsset, default_cache_dir
from synth.body.hair_scalp import once_per_asset
from synth.body.skin_masks import Canvas, make_canvas

log = logging.getLogger(__name__)

_PREFIX = "skin-"
_COUNT, _MATRIX = "num_head", "neighbours"
_MATRIX_PARTS = ("data", "indices", "indptr")


@once_per_asset
def canvas_of(asset: BodyAsset) -> Canvas:
    """The canvas, from disk if it lies there; else it is made (two seconds) and kept there (60 MB)."""
    folder = default_cache_dir() / f"{_PREFIX}{_digest(asset)}"
    if not folder.is_dir():
        canvas = make_canvas(asset)
        try:
            _write(folder, canvas)
        except OSError as error:  # nothing is lost but two seconds at the next start
            log.info("%s: the skin's canvas could not be kept (%s)", folder, error)
            return canvas
    return _read(folder, len(asset.template_m[: asset.num_body]))


def _digest(asset: BodyAsset) -> str:
    made_from = hashlib.sha256(_code())
    for array in (asset.template_m, asset.uvs, asset.triangles["body"], *asset.masks.values()):
        made_from.update(np.ascontiguousarray(array).tobytes())
    return made_from.hexdigest()[:16]


@cache
def _code() -> bytes:
    return Path(skin_masks.__file__).read_bytes()


def _write(folder: Path, canvas: Canvas) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=folder.parent))
    try:
        for field in fields(Canvas):
            value = getattr(canvas, field.name)
            if field.name == _MATRIX:
                for part in _MATRIX_PARTS:
                    np.save(temporary / f"{_MATRIX}.{part}.npy", getattr(value, part))
            else:
                np.save(temporary / f"{field.name}.npy", np.asarray(value))
        temporary.chmod(0o755)
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, which is as good
                raise
        for old in folder.parent.glob(f"{_PREFIX}*"):
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path, num_vertices: int) -> Canvas:
    values: dict[str, object] = {}
    for field in fields(Canvas):
        if field.name == _MATRIX:
            parts = tuple(_mapped(folder / f"{_MATRIX}.{part}.npy") for part in _MATRIX_PARTS)
            values[_MATRIX] = csr_matrix(parts, shape=(num_vertices, num_vertices))
        elif field.name == _COUNT:
            values[_COUNT] = int(np.load(folder / f"{_COUNT}.npy"))
        else:
            values[field.name] = _mapped(folder / f"{field.name}.npy")
    return Canvas(**values)  # type: ignore[arg-type]


def _mapped(path: Path) -> np.ndarray:
    """An array whose pages all worlds of the machine share."""
    return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)
