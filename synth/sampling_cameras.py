"""Draws cameras: all sides of people equally often, near and far, low and high, people whole or cut off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synth.camera import project
from synth.footprint import Footprint
from synth.scene import CameraSpec

#: Direction from which the person is seen, degrees from the heading towards the person's left.
VIEWS: dict[str, float] = {"front": 0.0, "left": 90.0, "back": 180.0, "right": -90.0}
#: How often each is wanted of the person looked at; the others in the picture stand any way round, which is a side for
#: half of them. All together are seen from the front, the back and a side about equally often.
VIEW_WEIGHTS: dict[str, float] = {"front": 3.0, "left": 1.0, "back": 3.0, "right": 1.0}
_TRIES_A_VIEW = 80
_HALF_VIEW_DEG = 45.0
# Focal lengths are given as for a 36 mm wide picture, whatever its height.
_FILM_WIDTH_MM = 36.0
# Hand-held heights; below and above are the floor's and the drone's.
_HAND_HEIGHT_M = (0.9, 1.9)
# Things of this extent or more are rooms, grounds and trees: a box around them says nothing about what is free.
_MAX_OBSTACLE_M = 3.0
_MIN_OBSTACLE_M = 0.15
_CLEARANCE_M = 0.2
# How much of the person looked at must be in a picture that cuts people off, and in one that does not.
_CUT_INSIDE, _WHOLE_INSIDE = 0.4, 0.97
# Someone looked at and cut off is at least this tall, in picture heights.
_CUT_SIZE = 0.8


@dataclass(frozen=True)
class CameraRanges:
    """Where pictures are taken from.

    Attributes:
        width: Pixels.
        height: Pixels.
        focal_mm: Focal length as for film 36 mm wide, range; drawn evenly in its logarithm.
        size: Extent of the person looked at, in picture heights, range; drawn evenly in its logarithm. Above 1
            only pictures that may cut people off reach.
        distance_m: Distance to the person looked at, range; what size and focal length ask for is kept within it.
        height_m: Height over the floor, range.
        low_chance: Share of pictures from under hand-held heights (below 0.9 m).
        high_chance: Share of pictures from above them (over 1.9 m), as far as the place allows.
        roll_deg: Standard deviation of the roll.
        max_hidden: Share of the people that things of the place may hide.
    """

    width: int = 640
    height: int = 480
    focal_mm: tuple[float, float] = (24.0, 85.0)
    size: tuple[float, float] = (0.3, 1.5)
    distance_m: tuple[float, float] = (1.2, 30.0)
    height_m: tuple[float, float] = (0.2, 8.0)
    low_chance: float = 0.15
    high_chance: float = 0.2
    roll_deg: float = 4.0
    max_hidden: float = 1 / 3


def fov_of_focal(focal_mm: float) -> float:
    """Horizontal field of view, degrees, of a focal length for film 36 mm wide."""
    return float(np.degrees(2 * np.arctan(_FILM_WIDTH_MM / 2 / focal_mm)))


@dataclass
class ViewDeck:
    """Counts from which side people were seen, so that the rarest comes next."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VIEWS, 0))

    def order(self, rng: np.random.Generator) -> list[str]:
        """The views, the one that is furthest behind first, ties by lot."""
        lots = dict(zip(VIEWS, rng.random(len(VIEWS)), strict=True))
        return sorted(VIEWS, key=lambda view: (self.counts[view] / VIEW_WEIGHTS[view], lots[view]))


def box_of(item: Any, matrix: np.ndarray | None = None) -> np.ndarray:
    """Lower and upper corner of the box round a placed object, shape (2, 3), world metres.

    Args:
        item: The object.
        matrix: Where it stands, shape (4, 4); None takes the object's own.
    """
    pose = item.matrix if matrix is None else matrix
    points = np.concatenate([surface.positions_m for surface in item.mesh.surfaces])
    world = points @ pose[:3, :3].T + pose[:3, 3]
    return np.stack([world.min(0), world.max(0)])


def obstacles_of(place: Any) -> np.ndarray:
    """Boxes of the things in a place that a camera may stand in or look into, shape (N, 2, 3), world metres."""
    boxes = [box_of(item) for item in place.objects]
    return np.array(
        [box for box in boxes if _MIN_OBSTACLE_M < np.ptp(box, axis=0).max() < _MAX_OBSTACLE_M]
    ).reshape(-1, 2, 3)


def camera_rand(
    rng: np.random.Generator,
    ranges: CameraRanges,
    place: Any,
    obstacles: np.ndarray,
    bodies: list[Footprint],
    subject: int,
    heading_rad: float,
    views: ViewDeck,
    may_cut: bool,
) -> CameraSpec | None:
    """Draw a camera that looks at one of the people.

    Args:
        rng: Numbers of this picture.
        ranges: Where from.
        place: Gives the area and the heights where cameras may stand.
        obstacles: From :func:`obstacles_of`.
        bodies: The people at the time of the picture, in the world.
        subject: Index of the person looked at.
        heading_rad: That person's heading.
        views: The deck; the view that was found is counted.
        may_cut: Whether people may be cut off by the picture's edges; if not, everyone is whole.

    Returns:
        The camera, or None where none was found.
    """
    everyone = np.concatenate([body.points_m[0] for body in bodies])
    target = bodies[subject].points_m[0]
    for view in views.order(rng):
        for _ in range(_TRIES_A_VIEW):
            angle = heading_rad + np.radians(VIEWS[view] + rng.uniform(-_HALF_VIEW_DEG, _HALF_VIEW_DEG))
            spec = _candidate(rng, ranges, place, target, angle, may_cut)
            if spec is None or not _frames(spec, target, everyone, may_cut):
                continue
            if not _inside_thing(spec, obstacles) and _hidden(spec, everyone, obstacles) <= ranges.max_hidden:
                views.counts[view] += 1
                return spec
    return None


def _candidate(
    rng: np.random.Generator,
    ranges: CameraRanges,
    place: Any,
    target: np.ndarray,
    angle_rad: float,
    may_cut: bool,
) -> CameraSpec | None:
    """A camera at an angle round the person looked at; None where it leaves the place."""
    low, high = target.min(0), target.max(0)
    focal = _log_uniform(rng, *ranges.focal_mm)
    smallest, largest = ranges.size
    if may_cut:
        smallest = min(max(smallest, _CUT_SIZE), largest)
    size = _log_uniform(rng, smallest, largest if may_cut else max(smallest, min(largest, 0.95)))
    focal_px = focal / _FILM_WIDTH_MM * ranges.width
    distance = focal_px * float((high - low).max()) / (size * ranges.height)
    distance = float(np.clip(distance, *ranges.distance_m))
    aim = _aim(rng, target, may_cut)
    rise = _camera_height(rng, ranges, place) + place.floor_z_m - aim[2]
    if abs(rise) > 0.9 * distance:
        return None
    along = float(np.sqrt(distance**2 - rise**2))
    position = aim + np.array([along * np.cos(angle_rad), along * np.sin(angle_rad), rise])
    roll = rng.normal(0, np.radians(ranges.roll_deg))
    x0, y0, x1, y1 = place.camera_area_m
    if not (x0 <= position[0] <= x1 and y0 <= position[1] <= y1):
        return None
    return CameraSpec(
        _rounded(position),
        _rounded(aim),
        round(fov_of_focal(focal), 3),
        round(float(roll), 5),
        ranges.width,
        ranges.height,
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _aim(rng: np.random.Generator, target: np.ndarray, may_cut: bool) -> np.ndarray:
    """The point on the optical axis: near the middle of the person, or anywhere on them where they may be cut off."""
    middle = (target.min(0) + target.max(0)) / 2
    if may_cut:
        middle += rng.uniform(0, 0.8) * (target[int(rng.integers(len(target)))] - middle)
    return middle + rng.normal(0, [0.12, 0.12, 0.08])


def _camera_height(rng: np.random.Generator, ranges: CameraRanges, place: Any) -> float:
    """Height over the floor: hand-held mostly, sometimes from the floor or from above."""
    low = max(ranges.height_m[0], place.camera_height_m[0])
    high = max(low, min(ranges.height_m[1], place.camera_height_m[1]))
    lot = rng.random()
    if lot < ranges.low_chance:
        wanted = (low, _HAND_HEIGHT_M[0])
    elif lot < ranges.low_chance + ranges.high_chance:
        wanted = (_HAND_HEIGHT_M[1], high)
    else:
        wanted = _HAND_HEIGHT_M
    below, above = np.clip(wanted, low, high)
    return float(rng.uniform(below, above))


def _rounded(point: np.ndarray) -> tuple[float, float, float]:
    x, y, z = np.round(point, 4).tolist()
    return x, y, z


def inside_share(spec: CameraSpec, points_m: np.ndarray) -> float:
    """Share of points that lie in the picture."""
    pixels = project(spec.camera(), points_m)
    size = np.array([spec.width, spec.height])
    # Behind the camera is NaN, and so not inside.
    return float(((pixels >= 0) & (pixels <= size - 1)).all(axis=1).mean())


def _frames(spec: CameraSpec, target: np.ndarray, everyone: np.ndarray, may_cut: bool) -> bool:
    """Whether everyone is in the picture nearly whole; or the person looked at is, with enough of the body."""
    if may_cut:
        return inside_share(spec, target) >= _CUT_INSIDE
    return inside_share(spec, everyone) >= _WHOLE_INSIDE


def _inside_thing(spec: CameraSpec, obstacles: np.ndarray) -> bool:
    """Whether the camera stands in a thing or almost so."""
    eye = np.array(spec.position_m)
    low, high = obstacles[:, 0] - _CLEARANCE_M, obstacles[:, 1] + _CLEARANCE_M
    return bool(((eye > low) & (eye < high)).all(axis=1).any())


def _hidden(spec: CameraSpec, points_m: np.ndarray, obstacles: np.ndarray) -> float:
    return hidden_share(np.array(spec.position_m), points_m, obstacles)


def hidden_share(eye_m: np.ndarray, points_m: np.ndarray, boxes_m: np.ndarray) -> float:
    """Share of points that boxes hide from an eye.

    Args:
        eye_m: Shape (3,).
        points_m: Shape (P, 3).
        boxes_m: Lower and upper corners, shape (N, 2, 3).
    """
    if not len(boxes_m):
        return 0.0
    rays = points_m - eye_m
    safe = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    near = (boxes_m[:, None, 0] - eye_m) / safe
    far = (boxes_m[:, None, 1] - eye_m) / safe
    enter, leave = np.minimum(near, far).max(axis=2), np.maximum(near, far).min(axis=2)
    return float(((enter < leave) & (leave > 0) & (enter < 0.98)).any(axis=0).mean())
