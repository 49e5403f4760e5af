"""Where inverse kinematics starts: the pelvis laid on its markers, limbs laid along theirs."""

from __future__ import annotations

import numpy as np

from opensim_models.kinematics import Kinematics


def align_root(
    kinematics: Kinematics, x: np.ndarray, measured_m: np.ndarray, segment: str = "pelvis"
) -> np.ndarray:
    """Move the whole posture so that the pelvis' markers fall on the measured ones (Kabsch).

    A wrong initial heading is a minimum that no solver leaves. With fewer than three pelvis markers all markers are
    aligned instead.

    Args:
        kinematics: The model; its first six coordinates are the pelvis' shifts, yaw, list and tilt.
        x: A posture, (Q,).
        measured_m: One frame, (K, 3).
        segment: Body whose markers are aligned.

    Returns:
        The posture with new pelvis coordinates.
    """
    out = np.array(x, dtype=float)
    out[:6] = 0.0
    seen = np.isfinite(measured_m).all(axis=1)
    own = seen & (kinematics.marker_bodies == kinematics.body_names.index(segment))
    use = own if own.sum() >= 3 else seen
    if use.sum() < 3:
        return out
    rotation, shift = kabsch(kinematics.markers(out)[use], measured_m[use])
    out[:3] = shift
    # R = Ry(yaw) Rx(list) Rz(tilt)
    out[3] = np.arctan2(rotation[0, 2], rotation[2, 2])
    out[4] = np.arcsin(np.clip(-rotation[1, 2], -1.0, 1.0))
    out[5] = np.arctan2(rotation[1, 0], rotation[1, 1])
    return out


def kabsch(source_m: np.ndarray, target_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rigid motion that best takes N points to others: rotation (3, 3) and shift (3,)."""
    a, b = source_m.mean(axis=0), target_m.mean(axis=0)
    u, _, vt = np.linalg.svd((target_m - b).T @ (source_m - a))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ flip @ vt
    return rotation, b - rotation @ a


def limb_start(kinematics: Kinematics, x: np.ndarray, measured_m: np.ndarray) -> np.ndarray:
    """Set the limbs' angles straight from their markers; the trunk stays as it is.

    From the trunk outwards each limb segment is turned so that its joint centre and its markers fall on the measured
    ones; the turn is then split into the joint's three angles. This finds arms that the solver, starting from another
    branch of the shoulder's angles, does not.

    Args:
        kinematics: The model.
        x: A posture whose trunk is about right, (Q,).
        measured_m: One frame, (K, 3).

    Returns:
        The posture with new limb angles, within the model's limits.
    """
    out = np.array(x, dtype=float)
    seen = np.isfinite(measured_m).all(axis=1)
    for body, name in enumerate(kinematics.body_names):
        if not name.endswith(("_r", "_l")):
            continue
        own = seen & (kinematics.marker_bodies == body)
        columns = kinematics.axis_coordinates[body, :3]
        if own.sum() == 0 or (columns < 0).all():
            continue
        rotations, origins = kinematics.bodies(out)
        frame = rotations[kinematics.parents[body]] @ kinematics.parent_rotations[body]
        # The next joint's centre is no marker, but two markers and the own joint centre span the segment.
        model = np.vstack([np.zeros(3), kinematics.marker_offsets_m[own]])
        target = np.vstack([origins[body], measured_m[own]])
        if len(model) < 3:
            continue
        turn = frame.T @ _turn_about_point(model, target)
        angles = split_turn(kinematics.axes[body, :3], turn, columns, kinematics.lower, kinematics.upper)
        for column, angle in zip(columns, angles, strict=True):
            if column >= 0:
                out[column] = np.clip(angle, kinematics.lower[column], kinematics.upper[column])
    return out


def split_turn(
    axes: np.ndarray, turn: np.ndarray, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray:
    """Angles about three successive perpendicular axes that make a turn; of the two solutions the one within limits.

    Args:
        axes: (3, 3), one axis a row.
        turn: (3, 3).
        columns: Coordinate of each axis, -1 where locked (its angle should be 0).
        lower: Limits of all coordinates.
        upper: Limits of all coordinates.
    """
    hand = np.sign(np.linalg.det(axes))
    basis = np.stack([axes[0], axes[1], hand * axes[2]], axis=1)
    r = basis.T @ turn @ basis
    middle = np.arcsin(np.clip(r[0, 2], -1.0, 1.0))
    first, last = np.arctan2(-r[1, 2], r[2, 2]), hand * np.arctan2(-r[0, 1], r[0, 0])
    solutions = np.array([[first, middle, last], [first + np.pi, np.pi - middle, last + np.pi]])
    solutions = (solutions + np.pi) % (2 * np.pi) - np.pi
    low = np.where(columns >= 0, lower[columns], 0.0)
    high = np.where(columns >= 0, upper[columns], 0.0)
    beyond = np.maximum(solutions - high, 0) + np.maximum(low - solutions, 0)
    return solutions[np.argmin(beyond.sum(axis=1))]


def _turn_about_point(model_m: np.ndarray, target_m: np.ndarray) -> np.ndarray:
    """Rotation that best turns points about the first of them onto others, (3, 3)."""
    u, _, vt = np.linalg.svd((target_m[1:] - target_m[0]).T @ (model_m[1:] - model_m[0]))
    return u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
