"""A motion clip: what a body does over time, said without saying whose body it is.

The character frame: origin on the ground under the pelvis at rest, x forward, y left, z up. The reference pose
is the T-pose: standing, arms along +-y with the palms down, legs straight down, feet pointing along +x. In the
T-pose every segment's frame coincides with the character frame, so a rotation in a clip is always "away from
the T-pose, in the parent's axes".
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from spinepose.errors import InputError

SCHEMA_VERSION = 1

# Child segment -> parent. "thorax" is the frame of T3, moved by the spine's coordinates; the head is C0.
SEGMENT_PARENTS: dict[str, str] = {
    "clavicle_l": "thorax", "upper_arm_l": "clavicle_l", "forearm_l": "upper_arm_l", "hand_l": "forearm_l",
    "clavicle_r": "thorax", "upper_arm_r": "clavicle_r", "forearm_r": "upper_arm_r", "hand_r": "forearm_r",
    "thigh_l": "pelvis", "shank_l": "thigh_l", "foot_l": "shank_l", "toes_l": "foot_l",
    "thigh_r": "pelvis", "shank_r": "thigh_r", "foot_r": "shank_r", "toes_r": "foot_r",
}  # fmt: skip
SEGMENTS: tuple[str, ...] = tuple(SEGMENT_PARENTS)


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

    def __post_init__(self) -> None:
        frames = len(self.pelvis_position)
        expected = {
            "pelvis_position": (frames, 3),
            "pelvis_rotation": (frames, 3, 3),
            "spine_rad": (frames, len(REGIONAL_COORDINATES)),
            "limb_rotations": (frames, len(SEGMENTS), 3, 3),
            "clearance": (frames,),
        }
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
                **arrays,
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read as a clip ({error}); make it again with 'spineforge scenes'"
        ) from error
