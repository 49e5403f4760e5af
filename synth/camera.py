"""The pinhole camera: the one place that says what a pixel is.

World: metres, right-handed, z up. Camera (OpenCV): x right, y down, z forward. The centre of the top-left
pixel is (0, 0), so the optical axis meets the image at ((W-1)/2, (H-1)/2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinepose.errors import InputError


@dataclass(frozen=True)
class Camera:
    """A calibrated pinhole camera without distortion.

    Attributes:
        width: Image width, pixels.
        height: Image height, pixels.
        K: Intrinsics, shape (3, 3), pixels.
        R_world_to_cam: Rotation from the world to the camera frame, shape (3, 3), determinant +1.
        t_world_to_cam_m: Translation, shape (3,), metres: ``x_cam = R x_world + t``.
    """

    width: int
    height: int
    K: np.ndarray
    R_world_to_cam: np.ndarray
    t_world_to_cam_m: np.ndarray

    @property
    def position_world_m(self) -> np.ndarray:
        """The optical centre in the world, shape (3,), metres."""
        return -self.R_world_to_cam.T @ self.t_world_to_cam_m


def intrinsics(width: int, height: int, fov_deg: float) -> np.ndarray:
    """Intrinsics of a camera with square pixels and a horizontal field of view.

    Args:
        width: Pixels.
        height: Pixels.
        fov_deg: Horizontal field of view, degrees, between 1 and 170.

    Returns:
        K, shape (3, 3). ``f = W/2 / tan(fov/2)``: the edges of the outer pixels lie on the frustum.

    Raises:
        InputError: The field of view or the size cannot make an image.
    """
    if not 1.0 <= fov_deg <= 170.0:
        raise InputError(f"camera field of view is {fov_deg} degrees; give 1 to 170")
    if width < 1 or height < 1:
        raise InputError(f"image size is {width}x{height}; both must be at least 1")
    focal = width / 2 / np.tan(np.radians(fov_deg) / 2)
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])


def look_at(
    position_world_m: np.ndarray,
    target_world_m: np.ndarray,
    width: int,
    height: int,
    fov_deg: float,
    roll_rad: float = 0.0,
) -> Camera:
    """Place a camera at a point so that its optical axis passes through a target.

    Args:
        position_world_m: Optical centre, shape (3,), metres.
        target_world_m: A point on the optical axis, shape (3,), metres.
        width: Pixels.
        height: Pixels.
        fov_deg: Horizontal field of view, degrees.
        roll_rad: Rotation about the optical axis; positive turns the picture's content counter-clockwise.

    Returns:
        The camera.

    Raises:
        InputError: Position and target coincide, or the axis is vertical, where "up" means nothing.
    """
    position = np.asarray(position_world_m, float)
    forward = np.asarray(target_world_m, float) - position
    norm = np.linalg.norm(forward)
    if norm < 1e-9:
        raise InputError("camera position and target coincide; move one of them")
    forward /= norm
    right = np.cross(forward, [0.0, 0.0, 1.0])
    if np.linalg.norm(right) < 1e-6:
        raise InputError(
            "camera looks straight up or down; move its target sideways by at least a millimetre"
        )
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    R = np.stack([cos * right + sin * down, -sin * right + cos * down, forward])
    return Camera(width, height, intrinsics(width, height, fov_deg), R, -R @ position)


def to_camera(camera: Camera, points_world_m: np.ndarray) -> np.ndarray:
    """Take world points, shape (..., 3), metres, to the camera frame, same shape and unit."""
    return np.asarray(points_world_m) @ camera.R_world_to_cam.T + camera.t_world_to_cam_m


def project(camera: Camera, points_world_m: np.ndarray) -> np.ndarray:
    """Project world points to pixels.

    Args:
        camera: The camera.
        points_world_m: Points in the world frame, metres, shape (..., 3).

    Returns:
        Pixels, shape (..., 2); NaN where a point lies behind the camera.
    """
    cam = to_camera(camera, points_world_m)
    depth = cam[..., 2:3]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = (cam @ camera.K.T)[..., :2] / depth
    return np.where(depth > 1e-6, pixels, np.nan)


def unproject(camera: Camera, pixels: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """Take pixels and their planar depth back to the world.

    Args:
        camera: The camera.
        pixels: Shape (..., 2).
        depth_m: Planar depth (camera z), metres, shape (...).

    Returns:
        World points, metres, shape (..., 3).
    """
    homogeneous = np.concatenate([pixels, np.ones((*np.shape(pixels)[:-1], 1))], axis=-1)
    cam = homogeneous @ np.linalg.inv(camera.K).T * np.asarray(depth_m)[..., None]
    return (cam - camera.t_world_to_cam_m) @ camera.R_world_to_cam
