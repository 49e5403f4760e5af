"""How much of its region's motion each level of a subject takes, as far as moving markers tell.

A region's coordinate bends all its joints, each by its share; published shares differ by a factor of two. Where a
marker sits between two others of a moving back, its residuals show whether the joints below it take more than their
share. The estimate is the most probable one given residuals of frames spread over the trials, linear in the shares'
deviations: the pose of each frame is solved along (and so costs what it can explain), each marker may stand off its
place by a constant (skin that lies otherwise than in the static trial), and what no marker shows keeps its table's
share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy.coordinates import JOINT_LEVELS, MOTIONS, region_of_joint
from opensim_models.ik import Problem
from opensim_models.kinematics import Kinematics, forward
from opensim_models.uncertainty import (
    MARKER_SD_M,
    SHARE_SD,
    SKIN_SD_M,
    level_jacobian,
    spine_columns,
    spine_rows,
    trunk_bodies,
)

MAX_FRAMES = 60
_STEP_S = 0.25  # skin keeps its place for half a second: frames nearer than this say the same again
_STRAY_M = 0.04  # residuals beyond are outliers and say nothing of shares
_SHARE_BOUNDS = (0.3, 2.5)  # of the table's
_WIDE = len(JOINT_LEVELS) * len(MOTIONS)


@dataclass(frozen=True)
class Shares:
    """The estimate.

    Attributes:
        shares: As in :class:`~opensim_models.spine.SpineShape`, (25, 3); columns sum to 1 within each region.
        told: Share of the prior's variance that the markers took away, (25, 3): 0 where they tell nothing.
        frames: How many frames it rests on.
    """

    shares: np.ndarray
    told: np.ndarray
    frames: int

    def by_motion(self) -> dict[str, dict[str, float]]:
        """What was found of each joint, ``L5_flexion`` to its share and to what of it the markers told."""
        return {
            f"{level}_{motion}": {
                "share": round(float(self.shares[j, m]), 4),
                "told": round(float(self.told[j, m]), 3),
            }
            for j, level in enumerate(JOINT_LEVELS)
            for m, motion in enumerate(MOTIONS)
        }


def choose_frames(times_s: list[np.ndarray]) -> list[np.ndarray]:
    """Frames of each trial for the estimate: not nearer than a quarter of a second, some 60 over all trials."""
    kept = []
    for times in times_s:
        every = (
            max(int(np.ceil(_STEP_S / max(float(np.median(np.diff(times))), 1e-6))), 1)
            if len(times) > 1
            else 1
        )
        kept.append(np.arange(0, len(times), every))
    total = sum(len(frames) for frames in kept)
    thin = max(int(np.ceil(total / MAX_FRAMES)), 1)
    return [frames[::thin] for frames in kept]


def estimate_shares(
    kinematics: Kinematics, problem: Problem, measured_m: np.ndarray, poses: np.ndarray, shares: np.ndarray
) -> Shares:
    """Find the most probable shares.

    Args:
        kinematics: The model with the table's shares.
        problem: What was solved.
        measured_m: Markers of the frames, OpenSim's axes, (T, K, 3), NaN where missing.
        poses: Their solved coordinates, (T, Q).
        shares: The table's, (25, 3).
    """
    carriers = trunk_bodies(kinematics)
    markers = np.flatnonzero([carriers[body] != "" for body in kinematics.marker_bodies])
    skin = np.repeat([SKIN_SD_M[carriers[body]] for body in kinematics.marker_bodies[markers]], 3)
    normal = np.diag(np.concatenate([np.full(_WIDE, SHARE_SD**-2), skin**-2.0]))
    right = np.zeros(len(normal))
    for x, points in zip(poses, measured_m[:, markers], strict=True):
        rows, residual, pose = _frame(kinematics, problem, x, markers, points, shares)
        # The pose takes what it can explain.
        hat = pose @ np.linalg.solve(pose.T @ pose + np.diag(_pose_prior(kinematics)), pose.T)
        own = rows - hat @ rows
        normal += own.T @ rows / MARKER_SD_M**2
        right += own.T @ residual / MARKER_SD_M**2
    # Shares of a region sum to one: deviations have no part along the region's own shares.
    keep = _within_regions(shares)
    basis = np.zeros((len(normal), keep.shape[1] + len(skin)))
    basis[:_WIDE, : keep.shape[1]] = keep
    basis[_WIDE:, keep.shape[1] :] = np.eye(len(skin))
    covariance = np.linalg.inv(basis.T @ normal @ basis)
    found = (basis @ (covariance @ (basis.T @ right)))[:_WIDE]
    left = np.diag(basis @ covariance @ basis.T)[:_WIDE]
    before = SHARE_SD**2 * np.diag(keep @ keep.T)
    told = np.where(before > 1e-12, 1.0 - left / np.maximum(before, 1e-12), 0.0)
    factor = np.clip(1.0 + found.reshape(shares.shape), *_SHARE_BOUNDS)
    return Shares(_summing_to_one(shares * factor), told.reshape(shares.shape), len(measured_m))


def _frame(
    kinematics: Kinematics,
    problem: Problem,
    x: np.ndarray,
    markers: np.ndarray,
    points: np.ndarray,
    shares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted rows of one frame: of deviations and offsets (3K, 75 + 3K), residuals (3K,), of the pose (3K, P)."""
    rotations, origins, axes = forward(x, *kinematics.chain())
    bodies, offsets = kinematics.marker_bodies[markers], kinematics.marker_offsets_m[markers]
    model = np.einsum("kij,kj->ki", rotations[bodies], offsets) + origins[bodies]
    gap = points - model
    fine = np.isfinite(gap).all(axis=1)
    fine[fine] = np.linalg.norm(gap[fine], axis=1) < _STRAY_M
    weight = np.repeat(np.where(fine, np.sqrt(problem.weights[markers]), 0.0), 3)
    by_level = np.empty((len(markers), 3, _WIDE))
    level_jacobian(model, axes, origins, kinematics.parents, spine_rows(kinematics), bodies, by_level)
    swing = np.concatenate([shares[j] * x[_coordinates(j)] for j in range(len(JOINT_LEVELS))])
    own = np.zeros((len(markers), 3, len(markers), 3))
    own[np.arange(len(markers)), :, np.arange(len(markers))] = rotations[bodies]
    rows = np.concatenate([by_level * swing, own.reshape(len(markers), 3, -1)], axis=2)
    pose = kinematics.jacobian(x, bodies, offsets)[:, :, spine_columns(kinematics)[0]]
    flat = rows.reshape(3 * len(markers), -1), np.where(fine[:, None], gap, 0.0).reshape(-1)
    return weight[:, None] * flat[0], weight * flat[1], weight[:, None] * pose.reshape(3 * len(markers), -1)


def _coordinates(joint: int) -> np.ndarray:
    """Columns of a joint's three regional coordinates among the independent ones."""
    region = ("lumbar", "thoracic", "cervical").index(region_of_joint(JOINT_LEVELS[joint]))
    return 6 + 3 * region + np.arange(3)


def _pose_prior(kinematics: Kinematics) -> np.ndarray:
    return np.full(len(spine_columns(kinematics)[0]), 1e-6)


def _within_regions(shares: np.ndarray) -> np.ndarray:
    """Orthonormal directions of relative deviations that keep every region's sum at one, (75, N)."""
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    sums = []
    for region in dict.fromkeys(regions):
        for motion in range(len(MOTIONS)):
            row = np.zeros_like(shares)
            row[regions == region, motion] = shares[regions == region, motion]
            sums.append(row.reshape(-1))
    _, _, directions = np.linalg.svd(np.array(sums))
    return directions[len(sums) :].T


def _summing_to_one(shares: np.ndarray) -> np.ndarray:
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    out = shares.copy()
    for region in np.unique(regions):
        out[regions == region] /= out[regions == region].sum(axis=0)
    return out
