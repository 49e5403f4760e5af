"""Visibility of points inside a body.

Every vertebra lies behind skin: a plain depth test calls all of them hidden, and a thickness test calls a nose
seen from behind visible. So the rule asks which body part the first surface belongs to:

* 0: outside the image or behind the camera.
* 2: a surface point (face, ears, top of the head, toes, heels, clavicles, latissimi) within 20 mm of the first
  surface; a deep point (vertebra, joint centre) where the first surface is its own part.
* 1: everything else in the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.camera import Camera, project, to_camera

SURFACE_TOLERANCE_M = 0.02

# What the first surface along a keypoint's ray is.
SURFACE_KINDS: tuple[str, ...] = (
    "outside",
    "nothing",
    "own_part",
    "own_other_part",
    "other_person",
    "object",
)


@dataclass(frozen=True)
class Visibility:
    """What one camera sees of one person's keypoints.

    Attributes:
        pixels: Projected keypoints, shape (K, 2), NaN behind the camera.
        v: COCO visibility, shape (K,): 0, 1 or 2.
        surface_gap_m: How far the point lies behind the first surface along its ray, shape (K,), metres;
            negative in front of it, NaN where there is no surface.
        first_surface: Index into ``SURFACE_KINDS``, shape (K,).
    """

    pixels: np.ndarray
    v: np.ndarray
    surface_gap_m: np.ndarray
    first_surface: np.ndarray


def inside_image(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Whether pixels, shape (..., 2), fall on the image; its outer pixels reach half a pixel beyond their centres."""
    x, y = pixels[..., 0], pixels[..., 1]
    with np.errstate(invalid="ignore"):
        return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def judge_visibility(
    camera: Camera,
    keypoints_world_m: np.ndarray,
    deep: np.ndarray,
    own_parts: np.ndarray,
    depth_m: np.ndarray,
    instance_id: np.ndarray,
    part_id: np.ndarray,
    own_instance: int,
    person_instances: frozenset[int],
) -> Visibility:
    """Apply the visibility rule to one person's keypoints.

    Args:
        camera: The camera that took the picture.
        keypoints_world_m: Shape (K, 3), metres; NaN for a point that has no label (v is 0).
        deep: Whether each point lies inside the body, shape (K,).
        own_parts: Whether part p is keypoint k's own, shape (K, P), bool.
        depth_m: Planar depth of the first surface, shape (H, W), metres, inf where there is none.
        instance_id: Instance of the first surface, shape (H, W), 0 where it is no person.
        part_id: Body part of the first surface, shape (H, W).
        own_instance: This person's instance id.
        person_instances: Instance ids of all persons.

    Returns:
        Visibility of the K points.
    """
    cam = to_camera(camera, keypoints_world_m)
    pixels = project(camera, keypoints_world_m)
    inside = inside_image(pixels, camera.width, camera.height)
    count = len(cam)
    v = np.zeros(count, np.int64)
    gap = np.full(count, np.nan)
    kind = np.zeros(count, np.int64)
    for k in np.flatnonzero(inside):
        column, row = np.round(pixels[k]).astype(int)
        kind[k] = _first_surface(
            instance_id[row, column],
            part_id[row, column],
            depth_m[row, column],
            own_instance,
            person_instances,
            own_parts[k],
        )
        if np.isfinite(depth_m[row, column]):
            ray_per_depth = np.linalg.norm(cam[k]) / cam[k, 2]
            gap[k] = (cam[k, 2] - depth_m[row, column]) * ray_per_depth
        v[k] = 2 if is_visible(bool(deep[k]), SURFACE_KINDS[kind[k]], gap[k]) else 1
    return Visibility(pixels, v, gap, kind)


def _first_surface(
    instance: int, part: int, depth: float, own: int, persons: frozenset[int], own_parts: np.ndarray
) -> int:
    if not np.isfinite(depth):
        name = "nothing"
    elif instance == own:
        name = "own_part" if own_parts[part] else "own_other_part"
    else:
        name = "other_person" if int(instance) in persons else "object"
    return SURFACE_KINDS.index(name)


def is_visible(deep: bool, surface: str, gap_m: float) -> bool:
    """The rule for a point in the image.

    Args:
        deep: Whether it lies inside the body.
        surface: What the first surface is, one of ``SURFACE_KINDS``.
        gap_m: How far the point lies behind it, metres; NaN where there is none.
    """
    if deep:
        return surface == "own_part"
    # A silhouette's pixel may show what lies behind the point: then nothing hides it.
    return np.isnan(gap_m) or gap_m <= SURFACE_TOLERANCE_M
