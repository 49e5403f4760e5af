"""Draws cameras: all sides of people equally often, people in the picture, nothing big in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.camera import project
from synth.footprint import Footprint
from synth.scene import CameraSpec

#: Direction from which the person is seen, degrees from the heading towards the person's left.
VIEWS: dict[str, float] = {"front": 0.0, "left": 90.0, "back": 180.0, "right": -90.0}
_TRIES_A_VIEW = 60
_HALF_VIEW_DEG = 40.0
# Things of this extent or more are rooms, grounds and trees: a box around them says nothing about what is free.
_MAX_OBSTACLE_M = 3.0
_MIN_OBSTACLE_M = 0.15
_CLEARANCE_M = 0.2
# Extent of the largest person in the picture, share of its height.
_MIN_TALLEST = 0.38


@dataclass(frozen=True)
class CameraRanges:
    """Where pictures are taken from.

    Attributes:
        width: Pixels.
        height: Pixels.
        fov_deg: Horizontal field of view, range.
        distance_m: Distance to the middle of the people, range.
        elevation_m: Height over the floor, range.
        roll_deg: Standard deviation of the roll.
    """

    width: int = 640
    height: int = 480
    fov_deg: tuple[float, float] = (45.0, 70.0)
    distance_m: tuple[float, float] = (2.5, 6.0)
    elevation_m: tuple[float, float] = (0.5, 2.2)
    roll_deg: float = 4.0


@dataclass
class ViewDeck:
    """Counts from which side people were seen, so that the rarest comes next."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIEWS, 0))

    def order(self, rng: np.random.Generator) -> list[str]:
        """The views, rarest first, ties by lot."""
        lots = dict(zip(VIEWS, rng.random(len(VIEWS)), strict=True))
        return sorted(VIEWS, key=lambda view: (self.counts[view], lots[view]))


def obstacles_of(place: Any) -> np.ndarray:
    """Boxes of the things in a place that a camera may stand in or look into, shape (N, 2, 3), world metres."""
    boxes = []
    for item in place.objects:
        points = np.concatenate([surface.positions_m for surface in item.mesh.surfaces])
        world = points @ item.matrix[:3, :3].T + item.matrix[:3, 3]
        low, high = world.min(0), world.max(0)
        if _MIN_OBSTACLE_M < (high - low).max() < _MAX_OBSTACLE_M:
            boxes.append((low, high))
    return np.array(boxes).reshape(-1, 2, 3)


def camera_rand(
    rng: np.random.Generator,
    ranges: CameraRanges,
    place: Any,
    obstacles: np.ndarray,
    bodies: list[Footprint],
    heading_rad: float,
    views: ViewDeck,
    may_cut: bool,
) -> CameraSpec | None:
    """Draw a camera.

    Args:
        rng: Numbers of this picture.
        ranges: Where from.
        place: Gives the area and the heights where cameras may stand.
        obstacles: From :func:`obstacles_of`.
        bodies: The people at the time of the picture, in the world.
        heading_rad: Heading of the person whose side is chosen.
        views: The deck; the view that was found is counted.
        may_cut: Whether people may be cut off by the picture's edges.

    Returns:
        The camera, or None where none was found.
    """
    points = np.concatenate([body.points_m[0] for body in bodies])
    for view in views.order(rng):
        for _ in range(_TRIES_A_VIEW):
            angle = heading_rad + np.radians(VIEWS[view] + rng.uniform(-_HALF_VIEW_DEG, _HALF_VIEW_DEG))
            spec = _candidate(rng, ranges, place, points, angle)
            if spec is not None and _frames(spec, bodies, may_cut) and not _blocked(spec, points, obstacles):
                views.counts[view] += 1
                return spec
    return None


def _candidate(
    rng: np.random.Generator, ranges: CameraRanges, place: Any, points: np.ndarray, angle_rad: float
) -> CameraSpec | None:
    middle = (points.min(0) + points.max(0)) / 2
    distance = rng.uniform(*ranges.distance_m)
    low = max(ranges.elevation_m[0], place.camera_height_m[0])
    height = (
        rng.uniform(low, max(low, min(ranges.elevation_m[1], place.camera_height_m[1]))) + place.floor_z_m
    )
    position = middle + distance * np.array([np.cos(angle_rad), np.sin(angle_rad), 0.0])
    position[2] = height
    target = middle + rng.normal(0, [0.12, 0.12, 0.08])
    fov, roll = rng.uniform(*ranges.fov_deg), rng.normal(0, np.radians(ranges.roll_deg))
    x0, y0, x1, y1 = place.camera_area_m
    if not (x0 <= position[0] <= x1 and y0 <= position[1] <= y1):
        return None
    return CameraSpec(
        _rounded(position),
        _rounded(target),
        round(float(fov), 3),
        round(float(roll), 5),
        ranges.width,
        ranges.height,
    )


def _rounded(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z = np.round(point, 4).tolist()
    return x, y, z


def _frames(spec: CameraSpec, bodies: list[Footprint], may_cut: bool) -> bool:
    """Whether everyone is in the picture: nearly whole, or cut off but with most of the body; and not tiny."""
    need = 0.55 if may_cut else 0.97
    size = np.array([spec.width, spec.height])
    camera = spec.camera()
    tallest = 0.0
    for body in bodies:
        pixels = project(camera, body.points_m[0])
        inside = ((pixels >= 0) & (pixels <= size - 1)).all(
            axis=1
        )  # behind the camera is NaN, and so not inside
        if inside.mean() < need:
            return False
        tallest = max(tallest, float(np.ptp(pixels[inside], axis=0).max()))
    return tallest > _MIN_TALLEST * spec.height


def _blocked(spec: CameraSpec, points: np.ndarray, obstacles: np.ndarray) -> bool:
    """Whether the camera stands in a thing, or more than a third of the people is behind things."""
    if not len(obstacles):
        return False
    eye = np.array(spec.position_m)
    low, high = obstacles[:, 0] - _CLEARANCE_M, obstacles[:, 1] + _CLEARANCE_M
    if ((eye > low) & (eye < high)).all(axis=1).any():
        return True
    rays = points - eye
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    near = (obstacles[:, None, 0] - eye) / safe
    far = (obstacles[:, None, 1] - eye) / safe
    enter, leave = np.minimum(near, far).max(axis=2), np.maximum(near, far).min(axis=2)
    hidden = ((enter < leave) & (leave > 0) & (enter < 0.98)).any(axis=0)
    return bool(hidden.mean() > 1 / 3)
