"""Read the kinematics of an ``.osim`` file back into plain data, without OpenSim.

What is understood is what :mod:`opensim_models.build` writes: custom joints with constant or linear axes, linear
couplers, markers, stations. Anything else that would move a body is an error, never ignored.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from opensim_models.spec import (
    AxisSpec,
    BodySpec,
    CoordinateSpec,
    CouplerSpec,
    JointSpec,
    ModelSpec,
    PointSpec,
)
from spinepose.errors import InputError

_Element = ElementTree.Element


def read_osim(path: Path) -> ModelSpec:
    """Read a model file.

    Raises:
        InputError: Not a model file, or one with parts whose motion is not understood.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise InputError(f"{path}: cannot be read as an OpenSim model ({error})") from error
    model = root.find("Model")
    if model is None:
        raise InputError(f"{path}: has no <Model>; give an OpenSim 4 .osim file")
    try:
        joints = [_joint(e) for e in _objects(model, "JointSet")]
        coordinates = [
            _coordinate(c) for e in _objects(model, "JointSet") for c in e.findall("coordinates/Coordinate")
        ]
        couplers = [_coupler(e) for e in _objects(model, "ConstraintSet")]
        stations = model.find("components")
        return ModelSpec(
            model.get("name", path.stem),
            tuple(_body(e) for e in _objects(model, "BodySet")),
            _in_tree_order(joints),
            tuple(coordinates),
            tuple(couplers),
            tuple(_point(e, "socket_parent_frame") for e in _objects(model, "MarkerSet")),
            tuple(_point(e, "socket_parent_frame") for e in (stations if stations is not None else [])),
        )
    except (AttributeError, ValueError) as error:
        raise InputError(f"{path}: is not a model this project understands ({error})") from error


def _objects(model: _Element, set_name: str) -> list[_Element]:
    objects = model.find(f"{set_name}/objects")
    return [] if objects is None else list(objects)


def _numbers(element: _Element, tag: str) -> np.ndarray:
    return np.array([float(word) for word in (element.findtext(tag) or "").split()])


def _body(element: _Element) -> BodySpec:
    inertia = _numbers(element, "inertia")
    return BodySpec(
        _name(element), float(_numbers(element, "mass")[0]), _numbers(element, "mass_center"), inertia[:3]
    )


def _name(element: _Element) -> str:
    name = element.get("name")
    if not name:
        raise ValueError(f"a <{element.tag}> without a name")
    return name


def _joint(element: _Element) -> JointSpec:
    if element.tag not in ("CustomJoint", "WeldJoint"):
        raise ValueError(
            f"joint {element.get('name')!r} is a {element.tag}; only CustomJoint and WeldJoint are understood"
        )
    frames = {_name(f): f for f in element.findall("frames/PhysicalOffsetFrame")}
    parent = frames[_leaf(element.findtext("socket_parent_frame"))]
    child = frames[_leaf(element.findtext("socket_child_frame"))]
    if np.abs(_numbers(child, "translation")).max() > 0:
        raise ValueError(
            f"joint {_name(element)!r} is offset in its child; only turned child frames are understood"
        )
    axes = [_axis(e) for e in element.findall("SpatialTransform/TransformAxis")]
    if element.tag == "WeldJoint":
        axes = [AxisSpec(axis, None, 0.0) for axis in (*np.eye(3), *np.eye(3))]
    if len(axes) != 6:
        raise ValueError(f"joint {_name(element)!r} has {len(axes)} axes, expected 6")
    return JointSpec(
        _name(element),
        _leaf(child.findtext("socket_parent")),
        _leaf(parent.findtext("socket_parent")),
        _rotation(parent),
        _numbers(parent, "translation"),
        _rotation(child),
        tuple(axes[:3]),
        tuple(axes[3:]),
    )


def _rotation(frame: _Element) -> np.ndarray:
    return Rotation.from_euler("XYZ", _numbers(frame, "orientation")).as_matrix()


def _leaf(path: str | None) -> str:
    return (path or "").strip().rsplit("/", 1)[-1]


def _axis(element: _Element) -> AxisSpec:
    coordinate = (element.findtext("coordinates") or "").strip() or None
    slope, intercept = _line(element)
    if coordinate is None:
        slope = 0.0
    return AxisSpec(_numbers(element, "axis"), coordinate, slope, intercept)


def _line(element: _Element) -> tuple[float, float]:
    """Slope and intercept of the function an axis or a coupler carries."""
    linear = next(element.iter("LinearFunction"), None)
    if linear is not None:
        slope, intercept = _numbers(linear, "coefficients")
        return float(slope), float(intercept)
    constant = next(element.iter("Constant"), None)
    if constant is not None:
        return 0.0, float(_numbers(constant, "value")[0])
    raise ValueError(f"{element.get('name')!r} has a function that is neither Constant nor LinearFunction")


def _coordinate(element: _Element) -> CoordinateSpec:
    name, limits = _name(element), _numbers(element, "range")
    return CoordinateSpec(name, float(limits[0]), float(limits[1]))


def _coupler(element: _Element) -> CouplerSpec:
    if element.tag != "CoordinateCouplerConstraint":
        raise ValueError(
            f"constraint {element.get('name')!r} is a {element.tag}; only couplers are understood"
        )
    independent = (element.findtext("independent_coordinate_names") or "").split()
    if len(independent) != 1:
        raise ValueError(
            f"coupler {_name(element)!r} needs one independent coordinate, has {len(independent)}"
        )
    dependent = (element.findtext("dependent_coordinate_name") or "").strip()
    return CouplerSpec(dependent, independent[0], *_line(element))


def _point(element: _Element, socket: str) -> PointSpec:
    return PointSpec(_name(element), _leaf(element.findtext(socket)), _numbers(element, "location"))


def _in_tree_order(joints: list[JointSpec]) -> tuple[JointSpec, ...]:
    """Parents before children, whatever order the file has."""
    ordered: list[JointSpec] = []
    placed, waiting = {"ground"}, list(joints)
    while waiting:
        ready = [j for j in waiting if j.parent in placed]
        if not ready:
            raise ValueError(f"joint {waiting[0].name!r} hangs on nothing")
        ordered += ready
        placed |= {j.child for j in ready}
        waiting = [j for j in waiting if j.child not in placed]
    return tuple(ordered)
