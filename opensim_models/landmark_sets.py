"""Sets of points that are read off a fitted model, by name and version.

A file that holds landmarks says which set of which version they are. A version goes up when a definition changes, so
that numbers of two versions are never taken for the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy.coordinates import LEVELS, REGIONAL_COORDINATES
from opensim_models.anatomy.readouts import READOUT_OFFSETS_M
from opensim_models.kinematics import Kinematics
from opensim_models.spec import PointSpec
from opensim_models.spine import LANDMARK_FRAMES, SpineShape, spine_forward
from spinepose.errors import InputError
from spinepose.skeleton import NAMES, SPINE_CHAIN

DEFAULT_SET = "spinetrack"


@dataclass(frozen=True)
class LandmarkSet:
    """A named set of points.

    Attributes:
        name: As commands and files have it.
        version: Of the definition.
        names: The points' names, in the order of every table.
        definition: Where the points lie, in words.
    """

    name: str
    version: int
    names: tuple[str, ...]
    definition: str

    @property
    def label(self) -> str:
        """Name and version, as files carry them: ``spinetrack-1``."""
        return f"{self.name}-{self.version}"


LANDMARK_SETS: dict[str, LandmarkSet] = {
    one.name: one
    for one in (
        LandmarkSet(
            "spinetrack", 1, SPINE_CHAIN,
            "between spinal canal and spinous process: 62 % of the way from the body's centre to the spinous tip",
        ),
        LandmarkSet("body_centre", 1, SPINE_CHAIN, "centres of the vertebral bodies"),
        LandmarkSet("spinous_process", 1, SPINE_CHAIN, "tips of the spinous processes"),
        LandmarkSet(
            "keypoints37", 1, NAMES,
            "the 37 keypoints: the nine of spinetrack, joint centres of the limbs, nominal points of the skin",
        ),
    )
}  # fmt: skip


def landmark_set(name: str) -> LandmarkSet:
    """A set by its name.

    Raises:
        InputError: No such set.
    """
    try:
        return LANDMARK_SETS[name]
    except KeyError:
        raise InputError(
            f"landmark set {name!r} is unknown; choose one of {', '.join(LANDMARK_SETS)}"
        ) from None


def station_name(set_name: str, point: str) -> str:
    """The model's station that is a set's point; ``keypoints37`` shares its spine with ``spinetrack``."""
    if set_name == "keypoints37" and point in SPINE_CHAIN:
        return f"spinetrack_{point}"
    return f"{set_name}_{point}"


def station_rows(kinematics: Kinematics, name: str = DEFAULT_SET) -> list[int]:
    """Rows of the model's stations that are a set's points, in its order.

    Raises:
        InputError: No such set, or a model of an older make that lacks it.
    """
    found = []
    for point in landmark_set(name).names:
        station = station_name(name, point)
        if station not in kinematics.station_names:
            raise InputError(
                f"the model has no point {station!r}: landmark set {name!r} cannot be read off it"
            )
        found.append(kinematics.station_names.index(station))
    return found


def spine_stations(spine: SpineShape) -> tuple[PointSpec, ...]:
    """The nine vertebral points of each spine set."""
    bodies = [("sacrum", *LEVELS)[frame] for frame in LANDMARK_FRAMES]
    return tuple(
        PointSpec(f"{name}_{point}", body, offset)
        for name, offsets in spine.landmark_offsets.items()
        for point, body, offset in zip(SPINE_CHAIN, bodies, offsets, strict=True)
    )


def readout_stations(spine: SpineShape, scales: dict[str, np.ndarray]) -> tuple[PointSpec, ...]:
    """The 28 other keypoints on a subject's bodies.

    Args:
        spine: The subject's spine: points on a vertebra are written upright and turned into its frame.
        scales: Factors on (x, y, z) by segment, shape (3,).
    """
    upright = spine_forward(spine, np.zeros(len(REGIONAL_COORDINATES)))[:, :3, :3]
    points = []
    for name in NAMES:
        if name in SPINE_CHAIN:
            continue
        side, _, stem = name.partition("_")
        sided = side in ("left", "right")
        body, offset = READOUT_OFFSETS_M[stem if sided else name]
        point = np.array(offset) * scales["trunk" if body in LEVELS else body]
        if side == "left":
            point[2] = -point[2]
        if body in LEVELS:
            point = upright[1 + LEVELS.index(body)].T @ point
        elif sided and body != "skull":
            body = f"{body}_{side[0]}"
        points.append(PointSpec(station_name("keypoints37", name), body, point))
    return tuple(points)
