"""Unreal's coordinates: the only file that knows of centimetres and of the left hand.

Unreal: centimetres, degrees, X forward, Y right, Z up, left-handed; a rotation is (pitch, yaw, roll), applied
yaw, then pitch, then roll. Ours: metres, right-handed, z up. The bridge is ``(x, y, z)_cm = 100 (x, -y, z)_m``.
"""

from __future__ import annotations

import numpy as np

from synth.camera import Camera, intrinsics

_FLIP_Y = np.diag([1.0, -1.0, 1.0])
# Rows: camera x is the rotator's right, camera y is minus its up, camera z is its forward.
_AXES_TO_CAM = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])


def to_unreal_cm(points_m: np.ndarray) -> np.ndarray:
    """World points, metres, shape (..., 3), to Unreal centimetres."""
    return 100.0 * np.asarray(points_m, float) @ _FLIP_Y


def from_unreal_cm(points_cm: np.ndarray) -> np.ndarray:
    """Unreal points, centimetres, shape (..., 3), to world metres."""
    return np.asarray(points_cm, float) @ _FLIP_Y / 100.0


def rotator_axes(pitch_deg: float, yaw_deg: float, roll_deg: float) -> np.ndarray:
    """Axes of an Unreal rotator.

    Returns:
        Shape (3, 3): columns forward, right, up in Unreal's left-handed world (FRotationMatrix).
    """
    p, y, r = np.radians([pitch_deg, yaw_deg, roll_deg])
    cp, sp, cy, sy, cr, sr = np.cos(p), np.sin(p), np.cos(y), np.sin(y), np.cos(r), np.sin(r)
    forward = [cp * cy, cp * sy, sp]
    right = [sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, -sr * cp]
    up = [-(cr * sp * cy + sr * sy), cy * sr - cr * sp * sy, cr * cp]
    return np.array([forward, right, up]).T


def axes_to_rotator(axes: np.ndarray) -> tuple[float, float, float]:
    """The inverse of :func:`rotator_axes`: (pitch, yaw, roll) in degrees."""
    forward, right, up = np.asarray(axes, float).T
    pitch = np.arctan2(forward[2], np.hypot(forward[0], forward[1]))
    yaw = np.arctan2(forward[1], forward[0])
    roll = np.arctan2(-right[2], up[2])
    return float(np.degrees(pitch)), float(np.degrees(yaw)), float(np.degrees(roll))


def camera_from_unreal(
    location_cm: np.ndarray, rotation_deg: tuple[float, float, float], fov_deg: float, width: int, height: int
) -> Camera:
    """Our camera from an UnrealCV pose.

    Args:
        location_cm: X Y Z, centimetres, shape (3,).
        rotation_deg: Pitch, yaw, roll, degrees.
        fov_deg: Horizontal field of view, degrees.
        width: Pixels.
        height: Pixels.
    """
    axes = rotator_axes(*rotation_deg)
    R = _AXES_TO_CAM @ axes.T @ _FLIP_Y  # the flip of the world makes the determinant +1
    position = from_unreal_cm(location_cm)
    return Camera(width, height, intrinsics(width, height, fov_deg), R, -R @ position)


def camera_to_unreal(camera: Camera) -> tuple[np.ndarray, tuple[float, float, float], float]:
    """The UnrealCV pose of a camera: location in centimetres, (pitch, yaw, roll) and horizontal FOV in degrees."""
    axes = (_AXES_TO_CAM.T @ camera.R_world_to_cam @ _FLIP_Y).T
    fov = 2 * np.degrees(np.arctan(camera.width / 2 / camera.K[0, 0]))
    return to_unreal_cm(camera.position_world_m), axes_to_rotator(axes), float(fov)


def yaw_to_unreal_deg(yaw_rad: float) -> float:
    """A heading about our z axis (positive turns left) to Unreal's yaw (positive turns right)."""
    return float(-np.degrees(yaw_rad))


def yaw_from_unreal_deg(yaw_deg: float) -> float:
    """Unreal's yaw, degrees, to our heading, radians."""
    return float(-np.radians(yaw_deg))


def matrix_from_unreal(
    location_cm: np.ndarray,
    rotation_deg: tuple[float, float, float],
    scale: np.ndarray | tuple[float, float, float] = (1, 1, 1),
) -> np.ndarray:
    """The pose of a thing, from Unreal's transform to a 4x4 matrix from its own frame to our world, metres.

    The thing's own frame is mirrored like the world: x forward, y left, z up on our side.
    """
    matrix = np.eye(4)
    matrix[:3, :3] = _FLIP_Y @ (rotator_axes(*rotation_deg) * np.asarray(scale, float)) @ _FLIP_Y
    matrix[:3, 3] = from_unreal_cm(location_cm)
    return matrix


def matrix_to_unreal(matrix: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float], np.ndarray]:
    """The inverse of :func:`matrix_from_unreal`: location in centimetres, (pitch, yaw, roll) in degrees, scale (3,)."""
    linear = _FLIP_Y @ np.asarray(matrix, float)[:3, :3] @ _FLIP_Y
    scale = np.linalg.norm(linear, axis=0)
    return to_unreal_cm(matrix[:3, 3]), axes_to_rotator(linear / scale), scale
