"""Mesh kernels against shapes whose answers are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from synth.body.geometry import ray_hits, skin, vertex_normals, volume_m3
from synth.body.patch import Patch, clip, push_outside

CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
CUBE = np.array([t for a, b, c, d in QUADS for t in ((a, b, c), (a, c, d))])


def grid_patch(n: int = 5) -> Patch:
    """A unit square in the xy plane, facing up."""
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n), indexing="ij")
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    i = np.arange(n * n).reshape(n, n)
    a, b, c, d = (k.ravel() for k in (i[:-1, :-1], i[1:, :-1], i[1:, 1:], i[:-1, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    weights = np.stack([x.ravel(), 1 - x.ravel()], axis=1)
    return Patch(vertices, weights, triangles, vertices[:, :2].copy())


def area(patch: Patch) -> float:
    a, b, c = (patch.vertices_m[patch.triangles[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_volume_of_a_cube_anywhere():
    assert volume_m3(CORNERS * 2, CUBE) == pytest.approx(8)
    assert volume_m3(CORNERS * 2 + 5, CUBE) == pytest.approx(8)


def test_normals_of_a_cube_point_away_from_its_middle():
    normals = vertex_normals(CORNERS, CUBE)
    assert (np.einsum("ij,ij->i", normals, CORNERS - 0.5) > 0.5).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)


def test_skin_moves_a_vertex_half_way_between_two_bones():
    transforms = np.zeros((2, 3, 4), np.float32)
    transforms[:, :, :3] = np.eye(3)
    transforms[1, 0, 3] = 1.0
    rest = np.array([[0.0, 2.0, 3.0]], np.float32)
    moved = skin(rest, np.array([[0, 1]], np.int16), np.array([[0.5, 0.5]], np.float32), transforms)
    np.testing.assert_allclose(moved, [[0.5, 2.0, 3.0]])


def test_a_ray_through_a_cube_enters_and_leaves():
    distances, faces, weights = ray_hits(np.array([-1, 0.3, 0.4]), np.array([1.0, 0, 0]), CORNERS, CUBE)
    np.testing.assert_allclose(distances, [1, 2])
    hit = np.einsum("nk,nkd->nd", weights, CORNERS[CUBE[faces]])
    np.testing.assert_allclose(hit, [[0, 0.3, 0.4], [1, 0.3, 0.4]])


def test_clip_cuts_along_the_zero_line_and_keeps_weights_summing_to_one():
    patch = grid_patch()
    cut = clip(patch, 0.37 - patch.vertices_m[:, 0])
    assert area(cut) == pytest.approx(0.37)
    assert cut.vertices_m[:, 0].max() == pytest.approx(0.37)
    np.testing.assert_allclose(cut.weights.sum(axis=1), 1)
    np.testing.assert_allclose(cut.weights[:, 0], cut.vertices_m[:, 0], atol=1e-9)


def test_clip_keeps_the_orientation():
    patch = grid_patch()
    cut = clip(patch, patch.vertices_m[:, 1] + patch.vertices_m[:, 0] - 0.9)
    a, b, c = (cut.vertices_m[cut.triangles[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] >= 0).all()


def test_push_outside_leaves_the_gap_asked():
    floor = grid_patch(9)
    cloth = floor.moved(floor.vertices_m - [0, 0, 0.02])
    pushed = push_outside(cloth, floor.vertices_m, floor.normals, 0.01)
    np.testing.assert_allclose(pushed.vertices_m[:, 2], 0.01, atol=1e-3)
