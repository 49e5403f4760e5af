"""Motions from tables: named tracks through key poses, put together into a clip.

A table is a list of (time, pose); times are shares of the motion, a pose names only what it changes. Beside the
angles of ``author`` (sided ones without ``_l`` or ``_r`` mean both sides) a pose may name:

- ``bend``: forward bend of the trunk, shared by lumbopelvic rhythm (``standing.bend_shares``), the thorax adds a fifth;
- ``side``, ``twist``: bend to the right and turn to the left of the trunk above the pelvis, shared by region with the
  coupling of ``side_bend`` and of the upper thorax (turned to a side it bends to that side: White & Panjabi 1990);
- ``nod``, ``look``, ``cant``: flexion, turn to the left and bend to the right of the neck;
- ``px``, ``py``, ``pz``: mid-hip, units of standing mid-hip height, ``pz`` over the ground; without ``px`` the hips go
  back as a standing body's do when it bends; ``sink`` goes down as into a squat, 1 has the thighs level;
- ``roll``: turn of the whole body about the character's x axis (lying on one side);
- ``foot_x``, ``foot_y``, ``foot_lift``, ``foot_pitch``, ``foot_yaw``: where each ankle stands (y and yaw outward), how
  high its sole is, and its pitch about the ball (+, heel up) or the heel (-);
- ``wx``, ``wy``, ``wz``: where each wrist is (y outward), in the frame that ``act`` is told; ``ex``, ``ey``,
  ``ez``: where that elbow points, ``gx``, ``gy``, ``gz``: where the thumb's side of the hand points, which is
  where a gripped handle goes;
- ``curl``: -1 flat hand to 1 fist; ``air``: height of a jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

from spinepose.errors import InputError
from synth.motion.author import ANGLE_NAMES, SIDED_ANGLES, SIDES, clip_from_angles
from synth.motion.clip import Clip, ClipProp
from synth.motion.contacts import Footing, steps, with_feet, with_hands
from synth.motion.curves import flow, frame_times, poses
from synth.motion.rotations import frame_from, turn_deg
from synth.motion.standing import bend_shares, hips_back, squat_path
from synth.motion.stick import segment_rotations, stick_points
from synth.ramp import ramp

Pose = Mapping[str, "float | np.ndarray"]
Table = Sequence[tuple[float, Mapping[str, float]]]
Tracks = dict[str, np.ndarray]
Vector = tuple[float, float, float]

_SIDED = (
    *SIDED_ANGLES, "foot_x", "foot_y", "foot_lift", "foot_pitch", "foot_yaw", "wx", "wy", "wz",
    "ex", "ey", "ez", "gx", "gy", "gz", "curl",
)  # fmt: skip
_WHOLE = ("bend", "side", "twist", "nod", "look", "cant", "px", "py", "pz", "sink", "roll", "air")
_NAMES = frozenset((*ANGLE_NAMES, *_WHOLE, *(f"{name}_{side}" for name in _SIDED for side in SIDES)))
_START = {"pz": 1.0, "foot_y": 0.11, "foot_yaw": 8.0}
# Arms hang clear of the body unless a table says otherwise.
_HANGING = {"shoulder_abduction": 18.0, "shoulder_flexion": 4.0, "elbow_flexion": 14.0, "pronation": 15.0}
_THORAX_FOLLOWS = 0.2
_SMOOTH = 1.3  # frames
# A foot that moves faster than this, mid-hip heights a frame (6 cm/s), is in the air, by this much.
_CREEP, _STEP_LIFT = 0.0022, 0.035
_AHEAD = 5  # frames
# Lower than this (mid-hip heights) a foot is down; what it crept there is made up in so many frames of air.
_DOWN, _FADE = 0.008, 6.0
_SIDE = {"lumbar_bending": 0.45, "thoracic_bending": 0.55, "lumbar_rotation": 0.05}
_TWIST = {"lumbar_rotation": 0.13, "thoracic_rotation": 0.87, "thoracic_bending": -0.08}
_NECK = {"nod": "cervical_flexion", "look": "cervical_rotation", "cant": "cervical_bending"}


def phase(duration_s: float) -> np.ndarray:
    """Time as a share of a motion, 0 to 1, one value a frame."""
    return frame_times(duration_s) / duration_s


def _sides(pose: Pose) -> dict[str, float | np.ndarray]:
    """Spell out both sides; what names one side wins over what names both."""
    both = {f"{n}_{s}": v for n, v in pose.items() if n in _SIDED for s in SIDES}
    return both | {n: v for n, v in pose.items() if n not in _SIDED}


def tracks(t: np.ndarray, table: Table, through: bool = False) -> Tracks:
    """Curves through a table's poses.

    Args:
        t: Phases, shape (T,).
        table: (time, pose), times ascending.
        through: Go through the poses without stopping; otherwise each is held for a moment.

    Raises:
        InputError: A pose names something unknown.
    """
    keys: dict[str, list[tuple[float, float]]] = {}
    for time, pose in table:
        for name, value in _sides(pose).items():
            if name not in _NAMES:
                raise InputError(f"unknown track: {name}")
            keys.setdefault(name, []).append((time, float(value)))

    def curve(points: list[tuple[float, float]]) -> np.ndarray:
        if len(points) < 2:
            return np.full(len(t), points[0][1])
        # Through keys the speed bends at each; a frame or two of smoothing is what flesh does.
        return gaussian_filter1d(flow(t, points), _SMOOTH, mode="nearest") if through else poses(t, points)

    return {name: curve(points) for name, points in keys.items()}


def mixed(t: np.ndarray, base: Mapping[str, np.ndarray], extra: Pose) -> Tracks:
    """Tracks with something added to those of the same name: a wobble, a cycle."""
    out = {name: np.array(value) for name, value in base.items()}
    for name, value in _sides(extra).items():
        out[name] = np.broadcast_to(out.get(name, 0.0) + value, t.shape)
    return out


def angles_of(values: Mapping[str, np.ndarray]) -> Tracks:
    """The joint angles of tracks: shares of the trunk's bends, arms that hang unless named."""
    angles = _expanded(_HANGING) | {n: np.array(v) for n, v in values.items() if n in ANGLE_NAMES}

    def add(name: str, value: np.ndarray | float) -> None:
        angles[name] = angles.get(name, 0.0) + value

    if "bend" in values:
        lumbar, pelvis = bend_shares(values["bend"])
        add("lumbar_flexion", lumbar)
        add("pelvis_tilt", pelvis)
        add("thoracic_flexion", _THORAX_FOLLOWS * values["bend"])
    for track, shares in (("side", _SIDE), ("twist", _TWIST)):
        for name, share in shares.items() if track in values else ():
            add(name, share * values[track])
    for track, name in _NECK.items():
        if track in values:
            add(name, values[track])
    return angles


def _expanded(pose: Pose) -> dict:
    return dict(_sides(pose))


@dataclass(frozen=True)
class Arms:
    """How wrists that a table places are meant.

    Attributes:
        frame: ``chest``: from the middle of the shoulders, in the thorax' axes; ``pelvis``: from mid-hip, in its axes;
            ``world``: the character frame.
        elbow_to: Where the elbows point in those axes, y outward.
        fingers: Where the fingers point in those axes, y outward; straight on from the forearms if not given.
        palms: Where the palms face, y outward; only with ``fingers``.
        pronation_deg: Turn of the forearms where ``fingers`` is not given.
    """

    frame: str = "chest"
    elbow_to: tuple[float, float, float] = (-0.3, 0.6, -0.7)
    fingers: tuple[float, float, float] | None = None
    palms: tuple[float, float, float] = (0.0, 0.0, -1.0)
    pronation_deg: float = 0.0


def hand_frame(fingers: np.ndarray, palm: np.ndarray, side: str) -> np.ndarray:
    """Orientation of a hand whose fingers and palm face given ways, shape (..., 3, 3)."""
    sign = 1.0 if side == "l" else -1.0
    return frame_from(sign * np.asarray(fingers, float), -np.asarray(palm, float), "yz")


def _axes(clip: Clip, frame: str) -> tuple[np.ndarray, np.ndarray]:
    """Origin (T, 3) and axes (T, 3, 3) of the frame that wrists are placed in."""
    points, world = stick_points(clip), segment_rotations(clip)
    if frame == "chest":
        return (points["shoulder_l"] + points["shoulder_r"]) / 2, world["thorax"]
    if frame == "pelvis":
        return points["pelvis"], world["pelvis"]
    return np.zeros((clip.num_frames, 3)), np.tile(np.eye(3), (clip.num_frames, 1, 1))


def reached(clip: Clip, values: Mapping[str, np.ndarray], arms: Arms) -> Clip:
    """Bend the arms whose wrists the tracks place."""
    origin, axes = _axes(clip, arms.frame)
    wrists, elbows, hands = {}, {}, {}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        if f"wx_{side}" not in values:
            continue
        flip = np.array([1.0, sign, 1.0])

        def turned(vectors: np.ndarray, flip: np.ndarray = flip) -> np.ndarray:
            return np.einsum("tij,tj->ti", axes, np.broadcast_to(vectors * flip, (clip.num_frames, 3)))

        def of(letter: str, side: str = side) -> np.ndarray | None:
            names = [f"{letter}{c}_{side}" for c in "xyz"]
            return np.stack([values[n] for n in names], axis=1) if names[0] in values else None

        wrists[side] = origin + turned(np.stack([values[f"w{c}_{side}"] for c in "xyz"], axis=1))
        hint, grip = of("e"), of("g")
        elbows[side] = turned(np.array(arms.elbow_to) if hint is None else hint)
        if grip is not None:
            hands[side] = _gripping(clip, side, wrists[side], elbows[side], turned(grip))
        elif arms.fingers is not None:
            hands[side] = axes @ hand_frame(np.array(arms.fingers) * flip, np.array(arms.palms) * flip, side)
    if not wrists:
        return clip
    free = {side: wrist for side, wrist in wrists.items() if side not in hands}
    held = {side: wrist for side, wrist in wrists.items() if side in hands}
    if free:
        clip = with_hands(clip, free, elbows, arms.pronation_deg)
    return with_hands(clip, held, elbows, None, hands) if held else clip


def _gripping(clip: Clip, side: str, wrist: np.ndarray, elbow_to: np.ndarray, grip: np.ndarray) -> np.ndarray:
    """A hand whose thumb's side points along a handle, the fingers as near to the forearm's line as that allows."""
    straight = stick_points(with_hands(clip, {side: wrist}, {side: elbow_to}))
    along = straight[f"wrist_{side}"] - straight[f"elbow_{side}"]
    return frame_from(grip, along if side == "l" else -along, "xy")


def footing_of(values: Mapping[str, np.ndarray], frames: int, knees: np.ndarray | None = None) -> Footing:
    """Where the tracks have the feet."""

    def of(name: str, side: str) -> np.ndarray:
        value = values.get(f"{name}_{side}", _START.get(name, 0.0))
        return np.broadcast_to(np.asarray(value, float), (frames,))

    plans = [{n: of(f"foot_{n}", s) for n in ("x", "y", "lift", "pitch", "yaw")} for s in SIDES]
    for plan in plans:
        plan["lift"] = plan["lift"] + _raised(plan)
        plan["x"], plan["y"] = _held(plan)
    return steps(plans[0], plans[1], knees)


def _raised(plan: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far a foot on its way is lifted where the table says no more than where it goes, shape (T,)."""
    speed = np.hypot(np.gradient(plan["x"]), np.gradient(plan["y"]))
    # A foot leaves the ground a moment before it travels and travels no more when it comes down.
    going = maximum_filter1d(1.0 - np.exp(-((speed / _CREEP) ** 2)), _AHEAD, mode="nearest")
    free = np.exp(-((np.maximum(plan["lift"], 0.0) / 0.02) ** 2))
    return gaussian_filter1d(_STEP_LIFT * going * free, 1.5, mode="nearest")


def _held(plan: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where a foot is that keeps its spot while it is down, and comes from there and goes there in the air, (2, T)."""
    way = np.stack([plan["x"], plan["y"]])
    frames = np.arange(way.shape[1])
    down = plan["lift"] < _DOWN
    edges = np.flatnonzero(np.diff(np.concatenate([[0], down.astype(int), [0]])))
    moved = way.copy()
    for start, end in edges.reshape(-1, 2):
        share = 1.0 - ramp(np.maximum(start - frames, frames - (end - 1)), 0.0, _FADE)
        moved += share * (
            np.median(way[:, start:end], axis=1)[:, None] - way[:, np.clip(frames, start, end - 1)]
        )
    return moved


def _pelvis(values: Mapping[str, np.ndarray], angles: Tracks, frames: int, legs: str) -> np.ndarray:
    """Mid-hip as the tracks have it, shape (T, 3)."""
    pelvis = np.zeros((frames, 3))
    if "sink" in values:
        pelvis += squat_path(values["sink"])
    if "px" in values:
        pelvis[:, 0] += values["px"]
    elif legs == "feet":
        pelvis[:, 0] += hips_back(angles.get("pelvis_tilt", np.zeros(frames)))
    pelvis[:, 1] += values.get("py", 0.0)
    pelvis[:, 2] += values.get("pz", _START["pz"])
    return pelvis


def _knee_hints(knees: Vector | tuple[Vector, Vector] | None, frames: int) -> np.ndarray | None:
    if knees is None:
        return None
    pair = np.broadcast_to(np.array(knees, float), (2, 3)) * np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
    return np.tile(pair, (frames, 1, 1))


def act(
    name: str,
    values: Mapping[str, np.ndarray],
    legs: str = "feet",
    arms: Arms = Arms(),
    arms_in: str = "thorax",
    knees: Vector | tuple[Vector, Vector] | None = None,
    props: tuple[ClipProp, ...] = (),
    pin_feet: bool = False,
) -> Clip:
    """Make a clip of tracks.

    Args:
        name: The clip's name.
        values: The tracks, shape (T,) each.
        legs: ``feet``: bent so that the feet are where the tracks have them; ``angles``: as the joint angles say.
        arms: How placed wrists are meant.
        arms_in: ``thorax`` or ``world``: what shoulder angles are relative to.
        knees: Where the knees point, character frame, y outward, for both or for left and right; over the toes if not
            given.
        props: Things that the motion needs.
        pin_feet: With ``angles``: the ankles' middle stays where ``px`` and ``py`` say, instead of mid-hip.
    """
    frames = len(next(iter(values.values())))
    angles = angles_of(values)
    pelvis = _pelvis(values, angles, frames, legs)
    clip = clip_from_angles(name, angles, frames, pelvis, arms_in, values.get("air"))
    if "roll" in values:
        clip = replace(clip, pelvis_rotation=turn_deg("x", values["roll"]) @ clip.pelvis_rotation)
    if legs == "feet":
        clip = with_feet(clip, footing_of(values, frames, _knee_hints(knees, frames)))
    elif pin_feet:
        clip = replace(clip, anchor="feet")
    clip = reached(clip, values, arms)
    if "curl_l" in values or "curl_r" in values:
        curls = [np.broadcast_to(values.get(f"curl_{s}", 0.0), (frames,)) for s in SIDES]
        clip = replace(clip, hand_curl=np.clip(np.stack(curls, axis=1), -1.0, 1.0))
    return replace(clip, props=props)
