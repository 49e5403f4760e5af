"""The matrices of the rasteriser: from cameras, suns and lamps to clip space. Pure geometry."""

from __future__ import annotations

import numpy as np

from synth.camera import Camera

NEAR_M = 0.05
FAR_M = 400.0
_CLIP_TO_TEXTURE = np.array([[0.5, 0, 0, 0.5], [0, 0.5, 0, 0.5], [0, 0, 0.5, 0.5], [0, 0, 0, 1.0]])


def view_matrix(camera: Camera) -> np.ndarray:
    """World to camera (OpenCV axes), shape (4, 4)."""
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = camera.R_world_to_cam, camera.t_world_to_cam_m
    return view


def camera_projection(camera: Camera) -> np.ndarray:
    """Camera (OpenCV axes) to clip space whose y points down the picture, shape (4, 4).

    GL's pixel i is centred at i + 1/2 of the viewport, ours at i: hence the half pixel. As clip y grows down
    the picture, row 0 of the frame buffer is the top row, and front faces turn clockwise on the screen.
    """
    width, height, K = camera.width, camera.height, camera.K
    clip = np.zeros((4, 4))
    clip[0] = [2 * K[0, 0] / width, 2 * K[0, 1] / width, 2 * (K[0, 2] + 0.5) / width - 1, 0]
    clip[1] = [0, 2 * K[1, 1] / height, 2 * (K[1, 2] + 0.5) / height - 1, 0]
    clip[2] = [0, 0, (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2 * FAR_M * NEAR_M / (FAR_M - NEAR_M)]
    clip[3] = [0, 0, 1, 0]
    return clip


def ndc_to_world_rays(camera: Camera) -> np.ndarray:
    """Matrix from (ndc x, ndc y, 1) to a world ray, shape (3, 3)."""
    width, height = camera.width, camera.height
    to_pixel = np.array([[width / 2, 0, (width - 1) / 2], [0, height / 2, (height - 1) / 2], [0, 0, 1.0]])
    return camera.R_world_to_cam.T @ np.linalg.inv(camera.K) @ to_pixel


def frustum_planes(view_projection: np.ndarray) -> np.ndarray:
    """Inward planes of a clip volume, shape (6, 4), unit normals; inside, all are positive."""
    rows = view_projection
    planes = np.stack([rows[3] + sign * rows[axis] for axis in range(3) for sign in (1, -1)])
    return planes / np.linalg.norm(planes[:, :3], axis=1, keepdims=True)


def ball_touches(planes: np.ndarray, center_m: np.ndarray, radius_m: float) -> bool:
    """Whether a ball may be inside a clip volume."""
    return bool((planes[:, :3] @ center_m + planes[:, 3] > -radius_m).all())


def sun_matrix(
    sun_direction: np.ndarray, center_m: np.ndarray, radius_m: float, size: int, reach_m: float = 60.0
) -> np.ndarray:
    """World to the clip space of a sun's shadow map, shape (4, 4).

    The centre snaps to whole texels, so that shadows do not swim when the people move.

    Args:
        sun_direction: Unit vector towards the sun.
        center_m: Middle of what must be covered, world metres.
        radius_m: Its radius.
        size: Texels along a side.
        reach_m: How far towards the sun things still cast shadows into it.
    """
    helper = np.array([0, 0, 1.0]) if abs(sun_direction[2]) < 0.99 else np.array([1.0, 0, 0])
    x = np.cross(helper, sun_direction)
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(sun_direction, x), -sun_direction])
    texel = 2 * radius_m / size
    middle = axes @ center_m
    middle[:2] = np.round(middle[:2] / texel) * texel
    result = np.eye(4)
    result[:3, :3] = axes / np.array([radius_m, radius_m, (reach_m + radius_m) / 2])[:, None]
    depth_middle = middle[2] + (radius_m - reach_m) / 2
    result[:3, 3] = -np.array(
        [middle[0] / radius_m, middle[1] / radius_m, depth_middle / ((reach_m + radius_m) / 2)]
    )
    return result


def lamp_matrix(
    position_m: np.ndarray, axis: np.ndarray, fov_deg: float = 130.0, near_m: float = 0.12
) -> np.ndarray:
    """World to the clip space of a lamp's shadow map, shape (4, 4)."""
    z = axis / np.linalg.norm(axis)
    helper = np.array([0, 0, 1.0]) if abs(z[2]) < 0.9 else np.array([1.0, 0, 0])
    x = np.cross(helper, z)
    x /= np.linalg.norm(x)
    view = np.eye(4)
    view[:3, :3] = np.stack([x, np.cross(z, x), z])
    view[:3, 3] = -view[:3, :3] @ position_m
    scale, far = 1 / np.tan(np.radians(fov_deg) / 2), 30.0
    clip = np.diag([scale, scale, (far + near_m) / (far - near_m), 0.0])
    clip[2, 3], clip[3, 2] = -2 * far * near_m / (far - near_m), 1.0
    return clip @ view


def to_texture(matrix: np.ndarray) -> np.ndarray:
    """Clip space to texture space, 0 to 1, shape (4, 4)."""
    return _CLIP_TO_TEXTURE @ matrix
