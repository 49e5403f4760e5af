"""A bare body drawn without a renderer: how large a whole person would appear, and which part of theirs comes first."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from synth.camera import Camera, to_camera

#: What is nearer to the camera is not drawn, metres.
NEAR_M = 0.05
# The silhouette's longer side; its area is then good to about a percent.
_SILHOUETTE_PX = 256


@dataclass(frozen=True)
class Whole:
    """A person's bare skin as the camera would see it were nothing in front of it and the picture larger.

    Attributes:
        box_xywh: Box around it in pixels as pycocotools counts them, it may leave the image; shape (4,).
        area_px: Area of its silhouette, square pixels.
    """

    box_xywh: np.ndarray
    area_px: float


@dataclass(frozen=True)
class SurfaceMap:
    """The first skin along each pixel's ray.

    Attributes:
        depth_m: Planar depth, inf where there is none, shape (H, W), metres.
        person: Which of the bodies given, -1 for none, shape (H, W).
        part: Its body part, shape (H, W).
    """

    depth_m: np.ndarray
    person: np.ndarray
    part: np.ndarray


@numba.njit(cache=True)
def _draw(
    pixels: np.ndarray, depth_m: np.ndarray, faces: np.ndarray, part: np.ndarray, person: int,
    out_depth: np.ndarray, out_person: np.ndarray, out_part: np.ndarray,
) -> None:  # fmt: skip  # pragma: no cover
    """Z-buffer: nearest face at each pixel's centre; planar depth is linear in 1/z over the picture."""
    height, width = out_depth.shape
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        if min(depth_m[a], depth_m[b], depth_m[c]) < NEAR_M:
            continue
        ax, ay, bx, by, cx, cy = (
            pixels[a, 0], pixels[a, 1], pixels[b, 0], pixels[b, 1], pixels[c, 0], pixels[c, 1],
        )  # fmt: skip
        twice = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if twice == 0.0:
            continue
        left, right = max(np.ceil(min(ax, bx, cx)), 0.0), min(np.floor(max(ax, bx, cx)), width - 1.0)
        top, bottom = max(np.ceil(min(ay, by, cy)), 0.0), min(np.floor(max(ay, by, cy)), height - 1.0)
        for y in range(int(top), int(bottom) + 1):
            for x in range(int(left), int(right) + 1):
                u = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / twice
                v = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / twice
                w = 1.0 - u - v
                if u < 0.0 or v < 0.0 or w < 0.0:
                    continue
                z = 1.0 / (u / depth_m[a] + v / depth_m[b] + w / depth_m[c])
                if z < out_depth[y, x]:
                    out_depth[y, x], out_person[y, x] = z, person
                    out_part[y, x] = part[a] if u >= v and u >= w else part[b] if v >= w else part[c]


def _blank(width: int, height: int) -> SurfaceMap:
    shape = (height, width)
    return SurfaceMap(np.full(shape, np.inf), np.full(shape, -1, np.int16), np.zeros(shape, np.uint8))


def _pixels(cam: np.ndarray, K: np.ndarray) -> np.ndarray:
    return (cam @ K.T)[:, :2] / np.maximum(cam[:, 2:], NEAR_M)


def first_skin(
    camera: Camera, bodies_world_m: list[np.ndarray], faces: list[np.ndarray], parts: list[np.ndarray]
) -> SurfaceMap:
    """Draw bodies into one picture.

    Args:
        camera: The camera.
        bodies_world_m: Vertices of each body, shape (V, 3), metres.
        faces: Triangles of each body, shape (F, 3).
        parts: Body part of each body's vertices, shape (V,), uint8.
    """
    drawn = _blank(camera.width, camera.height)
    for person, (vertices, triangles, part) in enumerate(zip(bodies_world_m, faces, parts, strict=True)):
        cam = to_camera(camera, vertices)
        arrays = _pixels(cam, camera.K), np.ascontiguousarray(cam[:, 2]), triangles.astype(np.int64), part
        _draw(*arrays, person, drawn.depth_m, drawn.person, drawn.part)
    return drawn


def whole_body(camera: Camera, vertices_world_m: np.ndarray, faces: np.ndarray) -> Whole:
    """Box and area of a whole body, beyond the picture's edges too; skin behind the camera counts for nothing.

    Args:
        camera: The camera.
        vertices_world_m: Posed skin, shape (V, 3), metres.
        faces: Triangles, shape (F, 3).
    """
    cam = to_camera(camera, vertices_world_m)
    ahead = cam[:, 2] >= NEAR_M
    if not ahead.any():
        return Whole(np.zeros(4), 0.0)
    pixels = _pixels(cam, camera.K)
    # A pixel belongs to the box where its centre may lie on the body: half a pixel around the outermost points.
    low, high = np.round(pixels[ahead].min(axis=0)), np.round(pixels[ahead].max(axis=0)) + 1
    scale = _SILHOUETTE_PX / float((high - low).max())
    width, height = np.ceil((high - low) * scale).astype(int) + 1
    drawn = _blank(int(width), int(height))
    arrays = (pixels - low) * scale, np.ascontiguousarray(cam[:, 2]), faces.astype(np.int64)
    _draw(*arrays, np.zeros(len(cam), np.uint8), 0, drawn.depth_m, drawn.person, drawn.part)
    return Whole(np.concatenate([low, high - low]), float((drawn.person == 0).sum()) / scale**2)
