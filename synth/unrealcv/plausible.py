"""Do the pictures, the ids and the markers of a frame speak of the same moment? Cheap checks that find stale ones.

A marker is a point of the skin. Along its ray something must be hit no later than at the marker: the skin, cloth over
it, or what stands before it. And where cloth or skin is seen right at the marker, the ids must say that person.
"""

from __future__ import annotations

import numpy as np

from synth.camera import Camera, project, to_camera
from synth.unrealcv.decode import WorldFaultError
from synth.visibility import inside_image

DARKEST = 8
# Cloth over the skin, an arm that rounds off within a pixel: what is seen at a marker lies this far around it.
_BEFORE_M, _BEHIND_M = 0.05, 0.04
# Share of the markers that may lie before the first surface. Over 78 people of 16 motions it was exactly 0; with the
# depth of the same camera at another time, this finds 24 % of the moves of 1 to 3 cm, 82 % of 6 to 10 cm, all above
# 20 cm; with the depth of another camera, 97 %.
_MAX_MISSED = 0.06
# Markers on bones lie 45 mm from the skin at 95 %, 80 at most (benchmarks/marker_maps.py), and beside silhouettes.
_BEHIND_BONES_M, _MAX_MISSED_BONES = 0.08, 0.25
_MIN_MARKERS = 6
_MIN_OWN = 0.6
_MAX_PART_MISMATCH = 0.02


class ImplausibleError(WorldFaultError):
    """What came back contradicts itself."""


def check_pictures(
    color: np.ndarray,
    depth_m: np.ndarray,
    instance_id: np.ndarray,
    part_id: np.ndarray,
    persons: int,
    has_parts: bool = False,
) -> None:
    """Check what needs no markers.

    Args:
        color: Shape (H, W, 3) uint8.
        depth_m: Shape (H, W), inf where nothing was hit.
        instance_id: 1..persons are people, 0 nothing, shape (H, W).
        part_id: Body parts, shape (H, W); all 0 in a world that has none.
        persons: How many there are.
        has_parts: Whether the world is known to draw body parts: then none anywhere is a fault, too.

    Raises:
        ImplausibleError: Black, empty, or pictures of different moments.
    """
    if color.max() < DARKEST:
        raise ImplausibleError("the picture is black; look at the frame's place and light", "lit")
    hit = np.isfinite(depth_m)
    if not hit.any():
        raise ImplausibleError("the depth hits nothing anywhere", "depth")
    person = (instance_id >= 1) & (instance_id <= persons)
    area = max(int(np.count_nonzero(person)), 1)
    if np.count_nonzero(person & ~hit) > _MAX_PART_MISMATCH * area:
        raise ImplausibleError("people in the mask where the depth hits nothing", "object_mask")
    parts = part_id > 0
    if (has_parts or parts.any()) and np.count_nonzero(parts != person) > _MAX_PART_MISMATCH * area + 4:
        raise ImplausibleError("mask and part mask show people in different places", "part_mask")


def check_person(
    camera: Camera,
    markers_world_m: np.ndarray,
    depth_m: np.ndarray,
    instance_id: np.ndarray | None,
    own: int,
    on_skin: bool = True,
) -> None:
    """Check one person's markers against depth and ids.

    Args:
        camera: The camera of the pictures.
        markers_world_m: Points of the skin, shape (N, 3), NaN for those that are missing.
        depth_m: Shape (H, W), inf where nothing was hit.
        instance_id: Shape (H, W); None where the world has no ids.
        own: The person's id.
        on_skin: Whether the markers are points of the skin, or ride on bones some centimetres from it.

    Raises:
        ImplausibleError: The person is not where its markers are.
    """
    pixels = project(camera, markers_world_m)
    inside = inside_image(pixels, camera.width, camera.height)
    if np.count_nonzero(inside) < _MIN_MARKERS:
        return
    z = to_camera(camera, markers_world_m[inside])[:, 2]
    column, row = np.round(pixels[inside]).astype(int).T
    nearest = _window(depth_m, row, column).min(axis=1)
    missed = nearest > z + (_BEHIND_M if on_skin else _BEHIND_BONES_M)
    if missed.mean() > (_MAX_MISSED if on_skin else _MAX_MISSED_BONES):
        raise ImplausibleError(
            f"{missed.sum()} of {len(z)} markers of person {own} lie before the first surface", "depth"
        )
    seen = (nearest >= z - _BEFORE_M) & ~missed
    if instance_id is None:
        return
    if np.count_nonzero(seen) >= _MIN_MARKERS:
        mine = (_window(instance_id, row[seen], column[seen]) == own).any(axis=1)
        if mine.mean() < _MIN_OWN:
            raise ImplausibleError(
                f"the mask shows person {own} at {mine.sum()} of {len(mine)} of its visible markers",
                "object_mask",
            )


def _window(image: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The 3x3 pixels about each given one, clipped at the edges, shape (N, 9)."""
    shift_row, shift_column = np.mgrid[-1:2, -1:2].reshape(2, 9)
    rows = np.clip(row[:, None] + shift_row, 0, image.shape[0] - 1)
    columns = np.clip(column[:, None] + shift_column, 0, image.shape[1] - 1)
    return image[rows, columns]
