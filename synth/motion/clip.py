"""A motion clip: what a body does over time, said without saying whose body it is.

The character frame: origin on the ground under the pelvis at rest, x forward, y left, z up. The reference pose
is the T-pose: standing, arms along +-y with the palms down, legs straight down, feet pointing along +x. In the
T-pose every segment's frame coincides with the character frame, so a rotation in a clip is always "away from
the T-pose, in the parent's axes".
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from spinepose.errors import InputError

SCHEMA_VERSION = 2

# Child segment -> parent. "thorax" is the frame of T3, moved by the spine's coordinates; the head is C0.
SEGMENT_PARENTS: dict[str, str] = {
    "clavicle_l": "thorax", "upper_arm_l": "clavicle_l", "forearm_l": "upper_arm_l", "hand_l": "forearm_l",
    "clavicle_r": "thorax", "upper_arm_r": "clavicle_r", "forearm_r": "upper_arm_r", "hand_r": "forearm_r",
    "thigh_l": "pelvis", "shank_l": "thigh_l", "foot_l": "shank_l", "toes_l": "foot_l",
    "thigh_r": "pelvis", "shank_r": "thigh_r", "foot_r": "shank_r", "toes_r": "foot_r",
}  # fmt: skip
SEGMENTS: tuple[str, ...] = tuple(SEGMENT_PARENTS)


#: Things that a motion may need, and their nominal extents along x, y, z, metres, as ``synth.world.props`` makes them.
PROP_KINDS: dict[str, tuple[float, float, float]] = {
    "chair": (0.44, 0.44, 0.46),  # z is the seat's height; the backrest is behind, at -x
    "stool": (0.36, 0.36, 0.46),
    "bench": (0.40, 1.20, 0.45),
    "box": (0.40, 0.32, 0.28),
    "mat": (0.62, 1.80, 0.012),
    "step": (0.40, 0.70, 0.20),
    "desk": (0.65, 1.30, 0.74),
    "barbell": (0.40, 1.80, 0.40),  # the bar runs along y
    "dumbbell": (0.12, 0.28, 0.12),
    "kettlebell": (0.18, 0.18, 0.26),
    "ball": (0.22, 0.22, 0.22),
    "racket": (0.27, 0.03, 0.68),  # the grip's end is the origin, the head is at +z
    "bat": (0.07, 0.07, 0.84),
    "club": (0.10, 0.08, 0.98),  # a golf club; the grip's end is the origin, the head is at +z, its toe at +x
    "mop": (0.28, 0.14, 1.30),  # the head's foot is the origin, the handle goes on to +z
    "oar": (0.04, 0.50, 0.04),  # a rowing machine's handle, along y
}
#: Kinds that are held by one end, which is their origin, and go on to +z.
HELD_BY_END = ("racket", "bat", "club", "mop")
ATTACHMENTS = ("ground", "hand_l", "hand_r", "hands")


@dataclass(frozen=True)
class ClipProp:
    """A thing that a motion needs: what one sits on, what is lifted or swung.

    Attributes:
        kind: One of ``PROP_KINDS``.
        attach: ``ground`` stands still in the character frame; ``hand_l`` and ``hand_r`` move with that hand, the
            grip in the palm; ``hands`` has its middle between both palms and its y axis from the right to the left.
        position: For ``ground``: x, y in units of the standing mid-hip height, and z of its top where it has to
            be known. Held: offset from the palm in the prop's own axes, metres.
        yaw_rad: For ``ground``: heading about z in the character frame.
        scale: Factors on the extents of ``PROP_KINDS``.
        under_frame: For ``ground``: the prop is made as high as it must be to touch the body above it in this
            frame (a seat, a step); -1 keeps its own height.
        frames: First and one past the last frame in which it is attached to hands; outside them it stays where
            the hands took it up or left it. (0, 0) means always.
    """

    kind: str
    attach: str = "ground"
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw_rad: float = 0.0
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    under_frame: int = -1
    frames: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.kind not in PROP_KINDS:
            raise InputError(f"prop is {self.kind!r}, expected one of {', '.join(PROP_KINDS)}")
        if self.attach not in ATTACHMENTS:
            raise InputError(
                f"prop {self.kind} hangs on {self.attach!r}, expected one of {', '.join(ATTACHMENTS)}"
            )


@dataclass(frozen=True)
class Clip:
    """A motion of T frames.

    Attributes:
        name: What it shows, e.g. ``cat_cow``; also its file name.
        fps: Frames a second.
        pelvis_position: Mid-hip in the character frame, shape (T, 3), in units of the body's standing mid-hip
            height (so (0, 0, 1) is standing). z only matters through ``clearance``.
        pelvis_rotation: From the T-pose to the posed pelvis, in the character frame, shape (T, 3, 3).
        spine_rad: The nine regional coordinates in the order of ``REGIONAL_COORDINATES``, shape (T, 9), radians,
            away from the subject's own neutral standing posture.
        limb_rotations: Rotation of each segment of ``SEGMENTS`` relative to its parent, away from the T-pose,
            in T-pose axes, shape (T, S, 3, 3).
        clearance: Height of the body's lowest skin point over the ground, shape (T,), in units of the standing
            mid-hip height; 0 where the body touches the ground, more in a jump.
        anchor: ``feet`` keeps the mean of the two ankles where ``pelvis_position`` puts the standing ankles
            (squats, bends: the hips go back, the feet stay); ``pelvis`` takes ``pelvis_position`` as it is.
        source: Where it comes from: ``procedural`` or a file's name.
        hand_curl: Left and right hand, shape (T, 2): -1 flat and open, 0 relaxed, 1 a fist or a grip. None is
            relaxed throughout.
        props: Things that the motion needs.
    """

    name: str
    fps: float
    pelvis_position: np.ndarray
    pelvis_rotation: np.ndarray
    spine_rad: np.ndarray
    limb_rotations: np.ndarray
    clearance: np.ndarray
    anchor: str = "pelvis"
    source: str = "procedural"
    hand_curl: np.ndarray | None = None
    props: tuple[ClipProp, ...] = ()

    def __post_init__(self) -> None:
        frames = len(self.pelvis_position)
        expected = {
            "pelvis_position": (frames, 3),
            "pelvis_rotation": (frames, 3, 3),
            "spine_rad": (frames, len(REGIONAL_COORDINATES)),
            "limb_rotations": (frames, len(SEGMENTS), 3, 3),
            "clearance": (frames,),
        }
        if self.hand_curl is not None:
            expected["hand_curl"] = (frames, 2)
        for field, shape in expected.items():
            got = np.shape(getattr(self, field))
            if got != shape:
                raise InputError(f"clip {self.name!r}: {field} has shape {got}, expected {shape}")
            if not np.isfinite(getattr(self, field)).all():
                raise InputError(f"clip {self.name!r}: {field} has values that are not finite")
        if frames < 1 or not self.fps > 0:
            raise InputError(
                f"clip {self.name!r}: needs at least one frame and a positive rate, has {frames} at {self.fps}"
            )

    @property
    def num_frames(self) -> int:
        return len(self.pelvis_position)

    @property
    def duration_s(self) -> float:
        """Time from the first to the last frame, seconds."""
        return (self.num_frames - 1) / self.fps

    def frame_at(self, time_s: float) -> int:
        """Index of the frame nearest to a time; times beyond the ends give the end frames."""
        return int(np.clip(round(time_s * self.fps), 0, self.num_frames - 1))


_ARRAYS = ("pelvis_position", "pelvis_rotation", "spine_rad", "limb_rotations", "clearance")


def save_clip(clip: Clip, path: Path) -> None:
    """Write a clip as ``.npz`` (float64 arrays; the segment and coordinate names travel with it)."""
    with open(path, "wb") as file:
        np.savez_compressed(
            file,
            schema_version=SCHEMA_VERSION,
            name=clip.name,
            fps=clip.fps,
            anchor=clip.anchor,
            source=clip.source,
            segments=np.array(SEGMENTS),
            coordinates=np.array(REGIONAL_COORDINATES),
            hand_curl=np.zeros((clip.num_frames, 2)) if clip.hand_curl is None else clip.hand_curl,
            props=json.dumps([asdict(prop) for prop in clip.props]),
            **{field: getattr(clip, field) for field in _ARRAYS},
        )


def load_clip(path: Path) -> Clip:
    """Read a clip that :func:`save_clip` wrote.

    Raises:
        InputError: Not such a file, or written with another schema.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            if int(data["schema_version"]) != SCHEMA_VERSION:
                raise InputError(
                    f"{path}: clip schema {int(data['schema_version'])}, this version reads {SCHEMA_VERSION}"
                )
            if tuple(data["segments"]) != SEGMENTS or tuple(data["coordinates"]) != REGIONAL_COORDINATES:
                raise InputError(
                    f"{path}: clip has other segments or coordinates than this version; make it again"
                )
            arrays = {field: data[field] for field in _ARRAYS}
            return Clip(
                name=str(data["name"]),
                fps=float(data["fps"]),
                anchor=str(data["anchor"]),
                source=str(data["source"]),
                hand_curl=data["hand_curl"],
                props=tuple(_prop(row) for row in json.loads(str(data["props"]))),
                **arrays,
            )
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read as a clip ({error}); make it again with 'spineforge scenes'"
        ) from error


def _prop(row: dict[str, Any]) -> ClipProp:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return ClipProp(**fields)
