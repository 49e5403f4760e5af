"""The way out of the body: the search that leaves out most of its work finds what trying everything finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.world.arm_room import Obstacles, way_out

_TRIED_RAD = np.radians(np.arange(0.0, 49.0, 2.0))
_SHOULDER_M = np.array([0.0, 0.2, 1.4])
_AXES = np.eye(3)[[0, 1, 2]] * [[1.0], [1.0], [-1.0]]


def _body(seed: int) -> Obstacles:
    rng = np.random.default_rng(seed)
    frames = np.tile(np.eye(4), (3, 1, 1))
    frames[:, :3, :3] = Rotation.random(3, random_state=rng).as_matrix()
    frames[:, :3, 3] = [[0.0, 0.0, 1.0], [0.0, 0.0, 1.15], [0.0, 0.0, 1.3]]
    starts, ends = np.array([[0.0, 0.1, 0.95]]), np.array([[0.1, 0.12, 0.5]])
    return Obstacles(
        frames, rng.normal(0, 0.01, (3, 3)), rng.uniform(0.1, 0.2, (3, 3)), starts, ends,
        np.array([[0.09, 0.08, 0.07, 0.06, 0.05]]),
    )  # fmt: skip


def _depth(body: Obstacles, point: np.ndarray) -> float:
    """How deep a point is, reckoned plainly."""
    found = []
    for frame, center, radii in zip(body.frames_m, body.centers_m, body.radii_m, strict=True):
        local = frame[:3, :3].T @ (point - frame[:3, 3]) - center
        size = (np.abs(local / radii) ** 2.6).sum() ** (1 / 2.6)
        found.append((1 / size - 1) * np.linalg.norm(local))
    for start, end, radii in zip(body.starts_m, body.ends_m, body.leg_m, strict=True):
        share = np.clip((point - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
        radius = np.interp(share, (np.arange(5) + 0.5) / 5, radii)
        found.append(radius - np.linalg.norm(point - start - share * (end - start)))
    return max(found)


def _plainly(body: Obstacles, arm: np.ndarray, thick: np.ndarray) -> np.ndarray:
    cost = np.empty((len(_AXES), len(_TRIED_RAD)))
    for a, axis in enumerate(_AXES):
        for t, angle in enumerate(_TRIED_RAD):
            points = _SHOULDER_M + arm @ Rotation.from_rotvec(axis * angle).as_matrix().T
            inside = max(_depth(body, p) + r for p, r in zip(points, thick, strict=True))
            cost[a, t] = angle + 12.0 * max(inside, 0.0)
    best, least = _TRIED_RAD[cost.argmin(axis=1)], cost.min(axis=1)
    weight = np.exp(-(least - least.min()) / np.radians(1.0))
    return (weight * best) @ _AXES / weight.sum()


@pytest.mark.parametrize("seed", range(6))
def test_search_finds_what_trying_all_turns_finds(seed):
    body, rng = _body(seed), np.random.default_rng(seed + 100)
    arm = np.array([0.0, -0.01 * seed, -1.0]) * np.linspace(0.2, 0.7, 5)[:, None] + rng.normal(
        0, 0.02, (5, 3)
    )
    thick = rng.uniform(0.02, 0.05, 5)
    expected = _plainly(body, arm, thick)
    assert expected.any()  # it is inside to begin with
    assert np.allclose(way_out(body, arm, _SHOULDER_M, thick, _AXES), expected, atol=1e-12)


def test_arm_that_is_outside_stays():
    arm = np.array([[0.0, 0.4, 0.0], [0.0, 0.7, 0.0]])
    assert not way_out(_body(0), arm, _SHOULDER_M, np.full(2, 0.03), _AXES).any()
