"""Hair: a shell over the scalp, and what hangs or is tied behind it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from synth.body.patch import Patch, clip, push_outside, smooth, smooth_values, subdivide
from synth.body.rig import BONE_INDEX, BONES

# Hairline above the eyes (m, for a head of average size) by azimuth from straight ahead, degrees.
_LINE_DEG = np.array([0, 25, 50, 68, 82, 100, 125, 180], dtype=float)
_LINE_M = np.array([0.066, 0.066, 0.056, 0.030, -0.012, -0.022, -0.050, -0.070])
_THICKNESS_M = {"short": 0.013, "bob": 0.016, "long": 0.015, "bun": 0.011}


def hairline_field(vertices_m: np.ndarray, head_centre_m: np.ndarray, scale: float) -> np.ndarray:
    """Metres above the hairline, shape (...).

    Args:
        vertices_m: Points of the head at rest, shape (..., 3).
        head_centre_m: Middle of the head level with the eyes, shape (3,).
        scale: Size of the head relative to the average.
    """
    p = vertices_m - head_centre_m
    azimuth = np.degrees(np.abs(np.arctan2(p[..., 1], p[..., 0])))
    return p[..., 2] - scale * np.interp(azimuth, _LINE_DEG, _LINE_M)


def make_hair(
    kind: str,
    scalp: Patch,
    body: Patch,
    hairless: np.ndarray,
    head_centre_m: np.ndarray,
    scale: float,
    rng: np.random.Generator,
) -> list[Patch]:
    """Make the pieces of a hairstyle.

    Args:
        kind: One of ``HAIR_KINDS``; ``buzz`` and ``bald`` have no mesh, their scalp is painted.
        scalp: The head's skin.
        body: All skin, which hanging hair stays outside of.
        hairless: True for vertices of ``scalp`` that are outer ear or inside the mouth.
        head_centre_m: Middle of the head level with the eyes.
        scale: Size of the head relative to the average.
        rng: Draws the unevenness of strands.
    """
    if kind not in _THICKNESS_M:
        return []
    phases = rng.uniform(0, 2 * np.pi, 3)

    def field_of(v: np.ndarray) -> np.ndarray:
        angle = np.arctan2(v[:, 1] - head_centre_m[1], v[:, 0] - head_centre_m[0])
        ragged = sum(np.sin(k * angle + f) for k, f in zip((11, 23, 41), phases, strict=True))
        return hairline_field(v, head_centre_m, scale) + 0.0018 * scale * ragged

    shell = subdivide(clip(scalp, np.where(hairless, -0.05, field_of(scalp.vertices_m))))
    field = np.maximum(field_of(shell.vertices_m), 0)
    up = np.clip((shell.vertices_m[:, 2] - head_centre_m[2]) / (0.10 * scale), 0, 1)
    lumps = smooth_values(shell, rng.normal(size=len(field)), 4)
    thickness = _THICKNESS_M[kind] * (1 - np.exp(-field / 0.012)) * (1 + 0.18 * lumps / lumps.std())
    if kind == "short":
        thickness *= 0.55 + 0.75 * up
    shell = smooth(shell.moved(shell.vertices_m + (thickness + 0.0012)[:, None] * shell.normals), 2)
    pieces = [shell]
    if kind in ("bob", "long"):
        pieces.append(_curtain(kind, shell, body, head_centre_m, scale, rng))
    if kind == "bun":
        pieces.append(_bun(shell, head_centre_m, scale))
    return pieces


def _head_weights(count: int) -> np.ndarray:
    weights = np.zeros((count, len(BONES)))
    weights[:, BONE_INDEX["C0"]] = 1.0
    return weights


def _curtain(
    kind: str, shell: Patch, body: Patch, centre: np.ndarray, scale: float, rng: np.random.Generator
) -> Patch:
    """Hair that hangs from the sides and back of the shell."""
    columns, rows = 72, 26
    start = 72.0 if kind == "bob" else 80.0
    angles = np.radians(np.linspace(start, 360 - start, columns))
    top = centre[2] + 0.045 * scale
    length = {"bob": rng.uniform(0.13, 0.17), "long": rng.uniform(0.26, 0.40)}[kind] * scale
    p = shell.vertices_m - centre
    near = np.abs(p[:, 2] - 0.03 * scale) < 0.02
    azimuth = np.mod(np.arctan2(p[near, 1], p[near, 0]), 2 * np.pi)
    order = np.argsort(azimuth)
    reach = np.interp(angles, azimuth[order], np.hypot(p[near, 0], p[near, 1])[order], period=2 * np.pi)
    reach = gaussian_filter1d(reach, 2) + 0.002
    waves = np.stack([np.sin(k * angles + rng.uniform(0, 6.3)) for k in (19, 37, 53)])
    strands = 0.004 * waves.mean(axis=0)
    fall = np.linspace(0, 1, rows)[:, None]
    tip = 1.0 + 0.06 * np.sin(9 * angles + rng.uniform(0, 6.3))
    radius = reach[None] + fall * strands[None] + 0.012 * scale * np.sin(np.pi * np.minimum(fall * 1.2, 1.0))
    radius = radius * (1 - 0.10 * np.clip(1 - fall / 0.18, 0, 1) ** 2)  # its upper edge hides under the shell
    radius = radius * (1 - (0.10 if kind == "bob" else 0.0) * fall**3)
    grid = np.stack(
        [
            centre[0] + radius * np.cos(angles),
            centre[1] + radius * np.sin(angles),
            top - length * fall * tip[None],
        ],
        axis=2,
    )
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (
        index[:-1, :-1].ravel(),
        index[:-1, 1:].ravel(),
        index[1:, 1:].ravel(),
        index[1:, :-1].ravel(),
    )
    triangles = np.concatenate([np.stack(t, axis=1) for t in ((a, d, c), (a, c, b))]).astype(np.int32)
    vertices = grid.reshape(-1, 3)
    weights = _head_weights(len(vertices))
    piece = Patch(vertices, weights, triangles, np.zeros((len(vertices), 2)))
    piece = push_outside(piece, body.vertices_m, body.normals, 0.012, reach_m=0.08)
    piece = smooth(piece, 3, keep_border=False)
    if kind == "long":
        # Below the chin, hair lies on the back and goes with it.
        _, near_skin = cKDTree(body.vertices_m).query(piece.vertices_m)
        hang = np.clip((centre[2] - 0.13 * scale - piece.vertices_m[:, 2]) / (0.12 * scale), 0, 1)[:, None]
        weights = (1 - hang) * piece.weights + hang * body.weights[near_skin]
        piece = Patch(piece.vertices_m, weights, piece.triangles, piece.uvs)
    return piece


def _bun(shell: Patch, centre: np.ndarray, scale: float) -> Patch:
    """A knot of hair at the back of the head."""
    columns, rows = 28, 16
    theta, phi = np.meshgrid(
        np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    back = shell.vertices_m[np.argmin(shell.vertices_m[:, 0])]
    at = np.array([back[0] - 0.012 * scale, 0.0, centre[2] + 0.035 * scale])
    swirl = 1 + 0.05 * np.sin(3 * phi + 4 * theta)
    size = np.array([0.030, 0.038, 0.036]) * scale
    vertices = (
        np.stack(
            [np.sin(theta) * np.cos(phi) * swirl, np.sin(theta) * np.sin(phi) * swirl, np.cos(theta)], axis=2
        ).reshape(-1, 3)
        * size
        + at
    )
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    k = (j + 1) % columns
    a, b, c, d = (
        x.ravel() for x in (i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j)
    )
    triangles = np.concatenate([np.stack(t, axis=1) for t in ((a, d, c), (a, c, b))]).astype(np.int32)
    return Patch(vertices, _head_weights(len(vertices)), triangles, np.zeros((len(vertices), 2)))
