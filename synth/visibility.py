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
_OUTSIDE, _NOTHING, _OWN_PART, _OWN_OTHER_PART, _OTHER_PERSON, _OBJECT = range(len(SURFACE_KINDS))


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
    gap_m = np.full(len(cam), np.nan, np.float32)  # as it is stored: what is stored must lead to the same v
    surface = np.full(len(cam), _OUTSIDE)
    column, row = np.round(pixels[inside]).astype(int).T
    depth = depth_m[row, column]
    ray_per_depth = np.linalg.norm(cam[inside], axis=1) / cam[inside, 2]
    with np.errstate(invalid="ignore"):
        gap_m[inside] = np.where(np.isfinite(depth), (cam[inside, 2] - depth) * ray_per_depth, np.nan)
    instance, own_part = instance_id[row, column], own_parts[inside, part_id[row, column]]
    surface[inside] = np.select(
        [~np.isfinite(depth), instance == own_instance, np.isin(instance, list(person_instances))],
        [_NOTHING, np.where(own_part, _OWN_PART, _OWN_OTHER_PART), _OTHER_PERSON],
        _OBJECT,
    )
    v = np.where(inside, np.where(are_visible(deep, surface, gap_m), 2, 1), 0)
    return Visibility(pixels, v, gap_m, surface)


def are_visible(deep: np.ndarray, surface: np.ndarray, gap_m: np.ndarray) -> np.ndarray:
    """The rule for points in the image.

    Args:
        deep: Whether each keypoint lies inside the body, shape (K,).
        surface: What the first surface is, index into ``SURFACE_KINDS``, shape (..., K).
        gap_m: How far the point lies behind it, metres, NaN where there is none, shape (..., K).

    Returns:
        Shape (..., K).
    """
    # A silhouette's pixel may show what lies behind the point: then nothing hides it.
    return np.where(deep, surface == _OWN_PART, np.isnan(gap_m) | (gap_m <= SURFACE_TOLERANCE_M))
