"""From a recording of any common skeleton to a clip.

The rest pose of a file says how its joints' frames lie in the body, whatever axes it was drawn in; the directions of
limbs come from where the joints are, so that rest poses with odd arms or legs do no harm.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from spinepose.errors import InputError
from synth.motion.bvh import Recording, forward, read_bvh
from synth.motion.clip import SEGMENT_PARENTS, SEGMENTS, Clip
from synth.motion.curves import FPS
from synth.motion.joint_names import joint_roles, names_for
from synth.motion.limb_frames import Posed, arm_frames, leg_frames, leg_length
from synth.motion.planted import with_planted_feet
from synth.motion.rotations import frame_from, rotation_angle_rad, transpose, unit
from synth.motion.spine_solve import spine_coordinates
from synth.motion.stick import LENGTHS
from synth.motion.trunk import trunk_rotations
from synth.ramp import ramp

# A first frame is a reference pose, not motion, when the jump after it is this much more than any that follows soon.
_JUMP_RATIO = 6.0
_JUMP_RAD = np.radians(25.0)
# Feet this little above the floor (shares of standing mid-hip height, 2 and 5 cm) stand on it.
_ON_FLOOR = (0.022, 0.055)
_UP_AXES = np.concatenate([np.eye(3), -np.eye(3)])


def load_bvh_clip(path: Path | str, fps: float = FPS) -> Clip:
    """Read a BVH file as a clip.

    Args:
        path: The file.
        fps: Rate of the clip; the recording is resampled.

    Raises:
        InputError: The file is broken, or its skeleton lacks a joint that the body needs.
    """
    return retarget(read_bvh(path), fps, str(path))


def retarget(recording: Recording, fps: float = FPS, where: str = "", plant: bool = True) -> Clip:
    """Turn a recording into a clip.

    Args:
        recording: Any skeleton whose joints have common names (``joint_names``).
        fps: Rate of the clip.
        where: The file, for messages.
        plant: Whether to hold standing feet still, which turns nearly straight legs by a few degrees.

    Raises:
        InputError: A joint that the body needs has no known name; the message lists them.
    """
    roles = _find_roles(recording, where or recording.name)
    posed = _pose(_resampled(without_reference_frame(recording), fps), roles, where or recording.name)
    frames = _segment_frames(posed)
    hip_height, floor = _standing_height(posed, frames)
    to_pelvis = transpose(frames["pelvis"])
    spine = spine_coordinates(to_pelvis @ frames["thorax"], to_pelvis @ frames["head"])
    middle = (posed.at("thigh_l") + posed.at("thigh_r")) / 2
    middle[:, :2] -= (middle[:, :2].min(axis=0) + middle[:, :2].max(axis=0)) / 2
    middle[:, 2] -= floor
    clip = Clip(
        name=recording.name,
        fps=fps,
        pelvis_position=middle / hip_height,
        pelvis_rotation=frames["pelvis"],
        spine_rad=spine,
        limb_rotations=_limbs(frames, spine),
        clearance=_clearance(posed, frames, hip_height, floor),
        source=recording.name,
    )
    return with_planted_feet(clip) if plant else clip


def _find_roles(recording: Recording, where: str) -> dict[str, int]:
    roles, missing = joint_roles(recording.joint_names)
    if missing:
        wanted = "; ".join(f"{role} (e.g. {names_for(role)})" for role in missing)
        has = ", ".join(name for name in recording.joint_names if not name.endswith("_end"))
        raise InputError(f"{where}: the skeleton has no joint for {wanted}; rename them; it has {has[:600]}")
    legs = _meeting(recording.parents, roles["thigh_l"], roles["thigh_r"])
    arms = _meeting(recording.parents, roles["upper_arm_l"], roles["upper_arm_r"])
    roles |= {f"hand_tip_{side}": tip for side in "lr" for tip in _fingers(recording, roles[f"hand_{side}"])}
    return roles | {"pelvis": legs, "chest": arms}


def _fingers(recording: Recording, hand: int) -> list[int]:
    """The joint that says where a hand points: the farthest below it that is not the thumb, or none."""
    below, far = {hand}, []
    _, rest = forward(
        recording.parents, np.tile(np.eye(3), (len(recording.parents), 1, 1)), recording.offsets
    )
    for joint, parent in enumerate(recording.parents):
        if int(parent) in below and "thumb" not in recording.joint_names[joint].lower():
            below.add(joint)
            far.append((float(np.linalg.norm(rest[joint] - rest[hand])), joint))
    length, tip = max(far, default=(0.0, -1))
    arm = np.linalg.norm(recording.offsets[hand])
    return [tip] if length > 0.1 * arm else []


def _meeting(parents: np.ndarray, a: int, b: int) -> int:
    """The joint where the chains to two joints part."""
    above = set()
    while a >= 0:
        above.add(a)
        a = int(parents[a])
    while b not in above:
        b = int(parents[b])
    return b


def without_reference_frame(recording: Recording) -> Recording:
    """Drop a first frame that is a calibration pose: the body jumps after it as it never does again."""
    if recording.num_frames < 4:
        return recording
    turned = transpose(recording.rotations[:-1]) @ recording.rotations[1:]
    step = rotation_angle_rad(turned).max(axis=1)
    usual = np.percentile(step[1:], 95)
    if step[0] < max(_JUMP_RAD, _JUMP_RATIO * usual):
        return recording
    return replace(recording, rotations=recording.rotations[1:], translations=recording.translations[1:])


def _resampled(recording: Recording, fps: float) -> Recording:
    """The recording at another rate: rotations on the sphere, positions along lines."""
    frames = recording.num_frames
    if frames == 1:
        return recording
    times = np.arange(frames) * recording.frame_time_s
    wanted = np.arange(int(np.floor(times[-1] * fps + 1e-6)) + 1) / fps
    wanted = np.minimum(wanted, times[-1])
    rotations = np.empty((len(wanted), *recording.rotations.shape[1:]))
    for joint in range(rotations.shape[1]):
        rotations[:, joint] = Slerp(times, Rotation.from_matrix(recording.rotations[:, joint]))(
            wanted
        ).as_matrix()
    before = np.minimum(np.searchsorted(times, wanted, side="right") - 1, frames - 2)
    share = ((wanted - times[before]) / recording.frame_time_s)[:, None, None]
    moved = recording.translations
    translations = moved[before] * (1 - share) + moved[before + 1] * share
    return replace(recording, frame_time_s=1.0 / fps, rotations=rotations, translations=translations)


def _body_axes(position: np.ndarray, roles: dict[str, int]) -> np.ndarray:
    """Forward, left and up of a standing body from its joints, as columns: shapes (..., J, 3) to (..., 3, 3)."""

    def at(role: str) -> np.ndarray:
        return position[..., roles[role], :]

    up = at("head") - (at("thigh_l") + at("thigh_r")) / 2
    return frame_from(up, at("thigh_l") - at("thigh_r"), "zy")


def _pose(recording: Recording, roles: dict[str, int], where: str) -> Posed:
    """Find up and ahead and turn the recording there."""
    orientation, position = forward(recording.parents, recording.rotations, recording.translations)
    _, rest_position = forward(
        recording.parents, np.tile(np.eye(3), (len(recording.parents), 1, 1)), recording.offsets
    )
    feet = (position[:, roles["foot_l"]] + position[:, roles["foot_r"]]) / 2
    tall = np.median(position[:, roles["head"]] - feet, axis=0)
    if not np.linalg.norm(tall) > 0:
        raise InputError(f"{where}: all joints of the recording lie in one point; the file has no offsets")
    up = _UP_AXES[np.argmax(_UP_AXES @ tall)]
    left = position[:, roles["thigh_l"]] - position[:, roles["thigh_r"]]
    ahead = unit(np.cross(left, up)).mean(axis=0)
    if np.linalg.norm(ahead) < 0.3:  # turns all around: what it faces first is ahead
        ahead = np.cross(left[0], up)
    to_character = transpose(frame_from(up, ahead, "zx"))
    orientation, position = to_character @ orientation, position @ to_character.T
    rest_axes = _body_axes(rest_position, roles)
    if not _stands(rest_position, rest_axes, roles):
        orientation, rest_axes, rest_position = _restated(orientation, position, roles)
    return Posed(roles, orientation, position, rest_axes, rest_position, recording.frame_time_s)


def _stands(rest: np.ndarray, axes: np.ndarray, roles: dict[str, int]) -> bool:
    """Whether the rest pose is a body that stands: feet below, left on the left, forward where the toes are."""
    down = -axes[:, 2]
    legs = [unit(rest[roles[f"foot_{s}"]] - rest[roles[f"thigh_{s}"]]) @ down for s in "lr"]
    shoulders = unit(rest[roles["upper_arm_l"]] - rest[roles["upper_arm_r"]]) @ axes[:, 1]
    return bool(min(legs) > 0.8 and shoulders > 0.7 and np.isfinite(axes).all())


def _restated(
    orientation: np.ndarray, position: np.ndarray, roles: dict[str, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take the frame in which the body stands most upright as the rest pose, for files whose own says nothing."""
    tall = position[:, roles["head"], 2] - np.minimum(
        position[:, roles["foot_l"], 2], position[:, roles["foot_r"], 2]
    )
    best = int(np.argmax(tall))
    axes = _body_axes(position[best], roles)
    # A standing body is upright by definition here: only the heading is taken from the frame.
    axes = frame_from(np.array([0.0, 0.0, 1.0]), axes[:, 1], "zy")
    return orientation @ transpose(orientation[best]), axes, position[best]


def _segment_frames(posed: Posed) -> dict[str, np.ndarray]:
    """Orientation of pelvis, thorax, head and all limb segments in the character's axes, shape (T, 3, 3) each."""
    frames = {
        name: posed.orientation[:, posed.roles[role]] @ posed.rest_axes
        for name, role in (("pelvis", "pelvis"), ("thorax", "chest"), ("head", "head"))
    }
    for side, sign in (("l", 1.0), ("r", -1.0)):
        frames |= leg_frames(posed, side) | arm_frames(posed, side, sign)
        clavicle = posed.roles.get(f"clavicle_{side}", posed.roles["chest"])
        frames[f"clavicle_{side}"] = posed.orientation[:, clavicle] @ posed.rest_axes
    return frames


def _limbs(frames: dict[str, np.ndarray], spine_rad: np.ndarray) -> np.ndarray:
    """Rotations relative to parents, shape (T, S, 3, 3).

    The clavicles keep their place on the recorded thorax. Upper arms are relative to the clip's own thorax, which
    the ranges may have held back, so that the arms point where they were recorded.
    """
    limbs = np.empty((len(spine_rad), len(SEGMENTS), 3, 3))
    thorax = frames["pelvis"] @ trunk_rotations(spine_rad)[0]
    for index, name in enumerate(SEGMENTS):
        parent = frames[SEGMENT_PARENTS[name]]
        if name.startswith("upper_arm"):
            parent = thorax @ transpose(frames["thorax"]) @ parent
        limbs[:, index] = transpose(parent) @ frames[name]
    return limbs


def _soles(posed: Posed, frames: dict[str, np.ndarray], leg: float) -> np.ndarray:
    """Heels and balls of both feet, shape (T, 4, 3): an average foot, in proportion to the leg, at each ankle."""
    scale = leg / (LENGTHS["thigh"] + LENGTHS["shank"])
    points = []
    for side in "lr":
        for x in (-LENGTHS["heel"], LENGTHS["foot"]):
            offset = scale * np.array([x, 0.0, -LENGTHS["ankle_height"]])
            points.append(posed.at(f"foot_{side}") + frames[f"foot_{side}"] @ offset)
    return np.stack(points, axis=1)


def _standing_height(posed: Posed, frames: dict[str, np.ndarray]) -> tuple[float, float]:
    """Mid-hip height of the person standing, and the floor's height, in the file's units.

    The floor is where the soles come down to, but for a few frames in which noise pushes them lower.
    """
    leg = leg_length(posed)
    soles = _soles(posed, frames, leg)[..., 2].min(axis=1)
    return leg / (LENGTHS["thigh"] + LENGTHS["shank"]), float(np.percentile(soles, 5))


def _clearance(posed: Posed, frames: dict[str, np.ndarray], hip_height: float, floor: float) -> np.ndarray:
    """Height of the lowest part over the floor, shape (T,), in standing mid-hip heights; 0 where feet stand."""
    soles = _soles(posed, frames, leg_length(posed))[..., 2].min(axis=1)
    others = posed.position[..., 2].min(axis=1)
    raw = (np.minimum(soles, others) - floor) / hip_height
    return np.maximum(raw, 0.0) * ramp(raw, *_ON_FLOOR)
