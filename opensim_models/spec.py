"""A rigid-body model in plain data: what is written to an ``.osim`` and what is read back from one.

OpenSim's axes (x forward, y up, z right), metres, radians, kilograms. A joint is a ``CustomJoint``: the child moves
in the parent by three translations and three successive rotations about given axes, each a straight-line function
of one coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class BodySpec:
    """A body: its name, mass, mass centre (3,) and diagonal inertia (3,) about it, in its own frame."""

    name: str
    mass_kg: float
    mass_centre_m: np.ndarray
    inertia_kg_m2: np.ndarray


@dataclass(frozen=True)
class AxisSpec:
    """One of a joint's six motions: ``slope * coordinate + intercept`` along or about ``axis`` (3,).

    ``coordinate`` is None where the motion is constant.
    """

    axis: np.ndarray
    coordinate: str | None = None
    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True)
class JointSpec:
    """The joint that carries ``child``.

    Attributes:
        name: The joint's name.
        child: Body that moves.
        parent: Body it moves in, or ``ground``.
        parent_rotation: Joint frame in the parent, shape (3, 3).
        parent_offset_m: Joint frame's origin in the parent, shape (3,).
        child_rotation: Joint frame in the child, shape (3, 3); its origin is the child's.
        rotations: Three successive rotations.
        translations: Three translations along fixed axes of the joint frame in the parent; empty for none.
    """

    name: str
    child: str
    parent: str
    parent_rotation: np.ndarray
    parent_offset_m: np.ndarray
    child_rotation: np.ndarray
    rotations: tuple[AxisSpec, ...]
    translations: tuple[AxisSpec, ...] = ()


@dataclass(frozen=True)
class CoordinateSpec:
    """A coordinate: its name and limits, radians or metres."""

    name: str
    lower: float
    upper: float


@dataclass(frozen=True)
class CouplerSpec:
    """``dependent = slope * independent + intercept``."""

    dependent: str
    independent: str
    slope: float
    intercept: float = 0.0


@dataclass(frozen=True)
class PointSpec:
    """A point fixed to a body, offset (3,) in its frame."""

    name: str
    body: str
    offset_m: np.ndarray


@dataclass(frozen=True)
class Solid:
    """An ellipsoid or an elliptic cylinder on a body.

    Attributes:
        name: Part, unique on its body.
        body: The body it moves with.
        kind: ``ellipsoid`` or ``cylinder``, whose axis is its own y.
        half_m: Half sizes along its own x, y and z, shape (3,).
        centre_m: In the body's frame, shape (3,).
        rotation: Its axes in the body's frame, shape (3, 3).
        colour: Red, green and blue, 0 to 1.
    """

    name: str
    body: str
    kind: str
    half_m: np.ndarray
    centre_m: np.ndarray
    rotation: np.ndarray
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class ModelSpec:
    """A whole model; joints in an order where every parent comes before its children.

    ``stations`` are read-out points (vertebral landmarks): kept apart from the markers, which tools match with data
    and may delete. ``solids`` are what a viewer draws; they are written and not read back, for they move nothing.
    """

    name: str
    bodies: tuple[BodySpec, ...]
    joints: tuple[JointSpec, ...]
    coordinates: tuple[CoordinateSpec, ...]
    couplers: tuple[CouplerSpec, ...] = ()
    markers: tuple[PointSpec, ...] = ()
    stations: tuple[PointSpec, ...] = field(default=())
    solids: tuple[Solid, ...] = field(default=(), repr=False)
