"""A coarse closed body drawn from markers and keypoints alone, for people whose mesh is not known.

A stock engine shows people whose skin nobody has here (Mannequins, MetaHumans). What hides whom, and how large the
whole person is, is then told from this body: hulls of the trunk, neck, head, hands and feet, capsules for the limbs.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import ConvexHull

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import StageError
from spinepose.skeleton import INDEX
from synth.body.parts import PARTS

_TRUNK = (
    "C7", "T3", "T8", "T12", "L3", "L5", "CLAV", "STRN", "LACR", "RACR", "LT10P", "RT10P", "LL2P", "RL2P", "LRIB",
    "RRIB", "LICR", "RICR", "LASI", "RASI", "LPSI", "RPSI",
)  # fmt: skip
# Thickness where no pair of markers tells it, metres: shoulder and buttock over the joint [guess].
_SHOULDER_M, _HIP_M = 0.055, 0.085
# Flesh between the markers, cloth and hair; measured: see tests/e2e/test_fake_engine.py.
_CLOTHED_M = 0.04
# Knuckle to fingertip as a share of wrist to knuckle [guess].
_FINGERS = 1.0
_GOLDEN = (1 + 5**0.5) / 2
_BALL = np.array(
    [p for a in (-1, 1) for b in (-_GOLDEN, _GOLDEN) for p in ((0, a, b), (a, b, 0), (b, 0, a))]
) / np.hypot(1, _GOLDEN)


def stand_in(markers_m: np.ndarray, keypoints_m: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The body.

    Args:
        markers_m: In the order of ``MARKER_NAMES``, shape (54, 3), metres.
        keypoints_m: In the order of the skeleton, shape (37, 3); the spine's nine are not used.

    Returns:
        Vertices (V, 3), triangles counter-clockwise from outside (F, 3), and the body part of each vertex (V,) uint8.

    Raises:
        StageError: A point that it is made of is missing.
    """
    m = dict(zip(MARKER_NAMES, markers_m, strict=True))
    k = {name: keypoints_m[index] for name, index in INDEX.items()}
    pieces = [("trunk", _trunk(m, k)), ("head", _head(m, k)), ("neck", _neck(m, k))]
    for side, word in (("L", "left"), ("R", "right")):
        pieces += _arm(m, k, side, word) + _leg(m, k, side, word)
    vertices, triangles, parts, start = [], [], [], 0
    for name, points in pieces:
        if not np.isfinite(points).all():
            raise StageError(
                f"the stand-in body lacks points of the {name}; its marker map must place all of them"
            )
        if not name.startswith(("hand", "foot")):  # those lie on floors and things
            points = (points[:, None] + _CLOTHED_M * _BALL).reshape(-1, 3)
        triangles.append(_hull(points) + start)
        vertices.append(points)
        parts.append(np.full(len(points), PARTS[name], np.uint8))
        start += len(points)
    return np.concatenate(vertices), np.concatenate(triangles), np.concatenate(parts)


def _points(named: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.array([named[name] for name in names])


def _trunk(m: dict[str, np.ndarray], k: dict[str, np.ndarray]) -> np.ndarray:
    hips = [
        k[f"{word}_hip"] + _HIP_M * _BALL for word in ("left", "right")
    ]  # the pelvis reaches below its markers
    return np.concatenate([_points(m, _TRUNK), *hips])


def _head(m: dict[str, np.ndarray], k: dict[str, np.ndarray]) -> np.ndarray:
    brow = (m["LFHD"] + m["RFHD"]) / 2
    chin = k["nose"] + 0.8 * (k["nose"] - brow)  # as far below the nose as most of the brow is above it
    face = _points(k, ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head"))
    jaw = _points(k, ("left_ear", "right_ear")) + 0.6 * (k["nose"] - brow)
    return np.concatenate([face, _points(m, ("LFHD", "RFHD", "LBHD", "RBHD")), jaw, chin[None]])


def _neck(m: dict[str, np.ndarray], k: dict[str, np.ndarray]) -> np.ndarray:
    ears = _points(k, ("left_ear", "right_ear"))
    skull = (m["LBHD"] + m["RBHD"]) / 2
    top = np.concatenate([ears, skull[None]])
    middle = top.mean(axis=0)
    low = (m["C7"] + m["CLAV"]) / 2
    half = 0.35 * (ears[0] - ears[1])
    return np.concatenate([middle + 0.75 * (top - middle), [m["C7"], m["CLAV"], low + half, low - half]])


def _capsule(start: np.ndarray, start_radius_m: float, end: np.ndarray, end_radius_m: float) -> np.ndarray:
    return np.concatenate([start + start_radius_m * _BALL, end + end_radius_m * _BALL])


def _half(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b)) / 2


def _arm(
    m: dict[str, np.ndarray], k: dict[str, np.ndarray], side: str, word: str
) -> list[tuple[str, np.ndarray]]:
    shoulder, elbow, wrist = (k[f"{word}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    at_elbow, at_wrist = _half(m[f"{side}ELL"], m[f"{side}ELM"]), _half(m[f"{side}WRR"], m[f"{side}WRU"])
    tips = m[f"{side}FIN"] + _FINGERS * (m[f"{side}FIN"] - wrist)
    s = side.lower()
    return [
        (f"upper_arm_{s}", _capsule(shoulder, _SHOULDER_M, elbow, at_elbow)),
        (f"forearm_{s}", _capsule(elbow, at_elbow, wrist, at_wrist)),
        (f"hand_{s}", _capsule(wrist, at_wrist, tips, at_wrist / 2)),
    ]


def _leg(
    m: dict[str, np.ndarray], k: dict[str, np.ndarray], side: str, word: str
) -> list[tuple[str, np.ndarray]]:
    hip, knee, ankle = (k[f"{word}_{joint}"] for joint in ("hip", "knee", "ankle"))
    at_knee, at_ankle = _half(m[f"{side}KNL"], m[f"{side}KNM"]), _half(m[f"{side}ANL"], m[f"{side}ANM"])
    sole = [m[f"{side}{name}"] for name in ("HEE", "TOE", "MT5", "ANL", "ANM")]
    sole += [k[f"{word}_{name}"] for name in ("big_toe", "small_toe", "heel")]
    s = side.lower()
    return [
        (f"thigh_{s}", _capsule(hip, _HIP_M, knee, at_knee)),
        (f"shank_{s}", _capsule(knee, at_knee, ankle, at_ankle)),
        (f"foot_{s}", np.array(sole)),
    ]


def _hull(points: np.ndarray) -> np.ndarray:
    """Triangles of the convex hull, counter-clockwise from outside; points inside it belong to none."""
    hull = ConvexHull(points)
    faces = hull.simplices.copy()
    corners = points[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inwards = (normals * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return faces
