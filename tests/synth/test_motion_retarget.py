"""Retargeting: a stick figure written as BVH in many ways comes back as it was; recordings keep limbs and sides."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.errors import InputError
from synth.motion import arm_motions, gait_motions, lifting_motions, spine_motions
from synth.motion.author import both, clip_from_angles
from synth.motion.bvh import forward, read_bvh
from synth.motion.clip import Clip
from synth.motion.edit import excerpt, with_arms_clear
from synth.motion.joint_names import joint_roles, plain_name
from synth.motion.retarget import load_bvh_clip, retarget, without_reference_frame
from synth.motion.rotations import angle_between_rad, rotation_angle_rad, transpose, turn, turn_deg
from synth.motion.spine_solve import spine_coordinates
from synth.motion.stick import segment_rotations, stick_points
from synth.motion.trunk import trunk_rotations

# Joint -> (parent, segment that it carries, point of the stick figure where it is).
_TREE: dict[str, tuple[str | None, str, str]] = {
    "hips": (None, "pelvis", "pelvis"),
    "spine": ("hips", "thorax", "L3"),
    "chest": ("spine", "thorax", "T3"),
    "neck": ("chest", "thorax", "C7"),
    "head": ("neck", "head", "C1"),
    "head_end": ("head", "", "head_top"),
}
for _s in "lr":
    _TREE |= {
        f"collar_{_s}": ("chest", f"clavicle_{_s}", f"clavicle_{_s}"),
        f"arm_{_s}": (f"collar_{_s}", f"upper_arm_{_s}", f"shoulder_{_s}"),
        f"forearm_{_s}": (f"arm_{_s}", f"forearm_{_s}", f"elbow_{_s}"),
        f"hand_{_s}": (f"forearm_{_s}", f"hand_{_s}", f"wrist_{_s}"),
        f"hand_end_{_s}": (f"hand_{_s}", "", f"hand_{_s}"),
        f"upleg_{_s}": ("hips", f"thigh_{_s}", f"hip_{_s}"),
        f"leg_{_s}": (f"upleg_{_s}", f"shank_{_s}", f"knee_{_s}"),
        f"foot_{_s}": (f"leg_{_s}", f"foot_{_s}", f"ankle_{_s}"),
        f"toe_{_s}": (f"foot_{_s}", f"toes_{_s}", f"ball_{_s}"),
        f"toe_end_{_s}": (f"toe_{_s}", "", f"toe_{_s}"),
    }

MIXAMO = {
    "hips": "mixamorig:Hips", "spine": "mixamorig:Spine", "chest": "mixamorig:Spine2", "neck": "mixamorig:Neck",
    "head": "mixamorig:Head",
    **{f"{a}_{s}": f"mixamorig:{w}{b}" for s, w in (("l", "Left"), ("r", "Right")) for a, b in (
        ("collar", "Shoulder"), ("arm", "Arm"), ("forearm", "ForeArm"), ("hand", "Hand"), ("upleg", "UpLeg"),
        ("leg", "Leg"), ("foot", "Foot"), ("toe", "ToeBase"))},
}  # fmt: skip
DAZ = {
    "hips": "hip", "spine": "abdomen", "chest": "chest", "neck": "neck", "head": "head",
    **{f"{a}_{s}": f"{w}{b}" for s, w in (("l", "left"), ("r", "right")) for a, b in (
        ("collar", "Collar"), ("arm", "Shoulder"), ("forearm", "Elbow"), ("hand", "Wrist"), ("upleg", "Hip"),
        ("leg", "Knee"), ("foot", "Ankle"), ("toe", "Toe"))},
}  # fmt: skip
UNREAL = {
    "hips": "pelvis", "spine": "spine_01", "chest": "spine_03", "neck": "neck_01", "head": "head",
    **{f"{a}_{s}": f"{b}_{s}" for s in "lr" for a, b in (
        ("collar", "clavicle"), ("arm", "upperarm"), ("forearm", "lowerarm"), ("hand", "hand"), ("upleg", "thigh"),
        ("leg", "calf"), ("foot", "foot"), ("toe", "ball"))},
}  # fmt: skip


def write_bvh(
    path: Path,
    clip: Clip,
    rest: Clip,
    names: dict[str, str] = MIXAMO,
    world_axes: np.ndarray | None = None,
    rest_axes: np.ndarray | None = None,
    order: str = "ZXY",
    scale: float = 93.0,
    frame_time_s: float | None = None,
    leave_out: tuple[str, ...] = (),
) -> None:
    """Write a clip.

    Args:
        path: Where.
        clip: The motion.
        rest: A clip of one frame: the pose in which all rotations are 0.
        names: Joint -> name.
        world_axes: The character's x, y and z in the file's world, as columns, shape (3, 3).
        rest_axes: The same in the rest pose; other than ``world_axes`` where the rest pose lies in other axes.
        order: Rotation order of all joints.
        scale: The file's units in a standing mid-hip height.
        frame_time_s: Written as it is; the clip's own if not given.
        leave_out: Joints to skip, with all below them.
    """
    world = np.eye(3) if world_axes is None else world_axes
    at_rest = world if rest_axes is None else rest_axes
    now, then = segment_rotations(clip), segment_rotations(rest)
    points, rest_points = stick_points(clip), {n: p[0] for n, p in stick_points(rest).items()}
    tree = {j: row for j, row in _TREE.items() if j not in leave_out and row[0] not in leave_out}
    turned = {j: world @ now[seg] @ then[seg][0].T @ at_rest.T for j, (_, seg, _) in tree.items() if seg}
    columns: list[np.ndarray] = [scale * points["pelvis"] @ world.T]
    lines = ["HIERARCHY"]

    def add(joint: str, depth: int) -> None:
        parent, segment, point = tree[joint]
        pad = "  " * depth
        offset = np.zeros(3) if parent is None else rest_points[point] - rest_points[tree[parent][2]]
        word = "ROOT" if parent is None else ("JOINT" if segment else "End Site")
        lines.append(f"{pad}{word} {names[joint]}" if segment else f"{pad}{word}")
        lines.append(pad + "{")
        lines.append(pad + "  OFFSET " + " ".join(f"{x:.6f}" for x in scale * at_rest @ offset))
        if segment:
            local = turned[joint] if parent is None else np.swapaxes(turned[parent], -1, -2) @ turned[joint]
            columns.append(Rotation.from_matrix(local).as_euler(order, degrees=True))
            channels = ["Xposition", "Yposition", "Zposition"] if parent is None else []
            channels += [f"{axis}rotation" for axis in order]
            lines.append(f"{pad}  CHANNELS {len(channels)} {' '.join(channels)}")
        for child, row in tree.items():
            if row[0] == joint:
                add(child, depth + 1)
        lines.append(pad + "}")

    add("hips", 0)
    values = np.concatenate(columns, axis=1)
    lines += ["MOTION", f"Frames: {len(values)}", f"Frame Time: {frame_time_s or 1 / clip.fps:.7f}"]
    lines += [" ".join(f"{x:.6f}" for x in row) for row in values]
    path.write_text("\n".join(lines) + "\n")


T_POSE = clip_from_angles("t", both(shoulder_abduction=90.0), 1)
N_POSE = clip_from_angles("n", both(shoulder_abduction=10.0), 1)
Y_UP = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])  # faces z, left is x: Mixamo's world
X_FACING_BACK = turn("z", np.pi)
LYING = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # z up, faces -y


def difference_deg(a: Clip, b: Clip) -> dict[str, float]:
    """Largest angle between the two clips' segments."""
    frames = min(a.num_frames, b.num_frames)
    one, other = segment_rotations(a), segment_rotations(b)
    return {
        n: float(np.degrees(rotation_angle_rad(transpose(one[n][:frames]) @ other[n][:frames]).max()))
        for n in one
    }


@pytest.mark.parametrize(
    "ways",
    [
        {},
        {"world_axes": Y_UP, "order": "XYZ", "scale": 36.6},
        {"world_axes": Y_UP, "rest_axes": LYING, "order": "YXZ", "names": MIXAMO},
        {"world_axes": X_FACING_BACK, "names": DAZ, "rest": N_POSE, "scale": 0.93},
        {"world_axes": Y_UP, "names": UNREAL, "rest": N_POSE, "order": "ZYX"},
    ],
    ids=["z-up", "y-up inches", "rest in other axes", "daz, metres, arms hang at rest", "unreal"],
)
@pytest.mark.filterwarnings("ignore:Gimbal lock")  # an angle may be 0 there, the rotation is the same
@pytest.mark.parametrize("motion", [lifting_motions.squat, spine_motions.side_bend, arm_motions.wave])
def test_what_was_written_comes_back(tmp_path, ways, motion):
    clip = motion()
    path = tmp_path / f"{clip.name}.bvh"
    write_bvh(path, clip, **{"rest": T_POSE, **ways})
    back = load_bvh_clip(path)
    assert (back.name, back.fps, back.source) == (clip.name, 30.0, clip.name)
    assert abs(back.num_frames - clip.num_frames) <= 1
    for segment, angle in difference_deg(clip, back).items():
        # Limbs' turn about themselves is told by hinges and rest poses, feet are levelled: a few degrees.
        assert angle < 6.0, f"{segment} off by {angle:.1f} deg"
    frames = min(back.num_frames, clip.num_frames)
    assert np.degrees(np.abs(back.spine_rad[:frames] - clip.spine_rad[:frames])).max() < 16.0  # shares differ
    ours, theirs = stick_points(clip), stick_points(back)
    assert np.abs(ours["pelvis"][:frames, 2] - theirs["pelvis"][:frames, 2]).max() < 0.03
    assert np.abs(back.clearance).max() < 0.01


def test_jumps_leave_the_ground_and_come_back(tmp_path):
    clip = arm_motions.jumping_jack(height=0.15)
    write_bvh(tmp_path / "jack.bvh", clip, T_POSE, world_axes=Y_UP)
    back = load_bvh_clip(tmp_path / "jack.bvh")
    frames = min(back.num_frames, clip.num_frames)
    assert np.abs(back.clearance[:frames] - clip.clearance[:frames]).max() < 0.06
    assert back.clearance.max() > 0.12
    assert (back.clearance == 0).mean() > 0.1


def test_a_walk_keeps_its_way_and_its_sides(tmp_path):
    clip = gait_motions.gait()
    write_bvh(tmp_path / "walk.bvh", clip, T_POSE, world_axes=Y_UP @ turn_deg("z", 130.0))
    back = load_bvh_clip(tmp_path / "walk.bvh")
    ours, theirs = stick_points(clip), stick_points(back)
    assert np.ptp(theirs["pelvis"][:, 0]) == pytest.approx(np.ptp(ours["pelvis"][:, 0]), rel=0.05)
    assert np.ptp(theirs["pelvis"][:, 1]) < 0.1
    n = min(back.num_frames, clip.num_frames)
    for name in ("ankle_l", "ankle_r", "wrist_l", "wrist_r"):
        ahead = (ours[name] - ours["pelvis"])[:n, 0], (theirs[name] - theirs["pelvis"])[:n, 0]
        assert np.corrcoef(*ahead)[0, 1] > 0.98


def test_any_rate_becomes_thirty(tmp_path):
    clip = spine_motions.side_bend()
    slow = replace(clip, fps=12.0)
    write_bvh(tmp_path / "slow.bvh", slow, T_POSE)
    back = load_bvh_clip(tmp_path / "slow.bvh")
    assert back.duration_s == pytest.approx(slow.duration_s, abs=0.04)
    assert back.num_frames == pytest.approx(clip.num_frames * 30 / 12, abs=3)
    step = rotation_angle_rad(transpose(back.limb_rotations[:-1]) @ back.limb_rotations[1:])
    assert np.abs(np.diff(step, axis=0)).max() < np.radians(2.0)


def test_a_calibration_frame_is_dropped_and_motion_is_not(tmp_path):
    clip = lifting_motions.squat()
    with_t = replace(
        clip,
        **{
            f: np.concatenate([getattr(T_POSE, f), getattr(clip, f)])
            for f in ("pelvis_position", "pelvis_rotation", "spine_rad", "limb_rotations", "clearance")
        },
    )
    write_bvh(tmp_path / "t.bvh", with_t, T_POSE)
    recording = read_bvh(tmp_path / "t.bvh")
    assert without_reference_frame(recording).num_frames == recording.num_frames - 1
    write_bvh(tmp_path / "plain.bvh", clip, T_POSE)
    plain = read_bvh(tmp_path / "plain.bvh")
    assert without_reference_frame(plain).num_frames == plain.num_frames


def test_one_frame_is_a_clip_too(tmp_path):
    write_bvh(tmp_path / "one.bvh", N_POSE, T_POSE)
    assert load_bvh_clip(tmp_path / "one.bvh").num_frames == 1


def test_a_missing_joint_is_named_and_optional_ones_are_not_missed(tmp_path):
    clip = lifting_motions.squat()
    write_bvh(tmp_path / "no_hand.bvh", clip, T_POSE, leave_out=("forearm_l", "hand_l", "hand_end_l"))
    with pytest.raises(InputError, match=r"no_hand\.bvh.*forearm_l.*LeftForearm.*hand_l") as error:
        load_bvh_clip(tmp_path / "no_hand.bvh")
    assert "forearm_r" not in str(error.value)
    assert "\n" not in str(error.value)
    write_bvh(tmp_path / "no_toes.bvh", clip, T_POSE, leave_out=("toe_l", "toe_end_l", "toe_r", "toe_end_r"))
    assert difference_deg(load_bvh_clip(tmp_path / "no_toes.bvh"), clip)["foot_l"] < 6.0


def test_a_skeleton_in_one_point_is_refused(tmp_path):
    write_bvh(tmp_path / "point.bvh", N_POSE, T_POSE, scale=0.0)
    with pytest.raises(InputError, match=r"point\.bvh.*one point"):
        load_bvh_clip(tmp_path / "point.bvh")


def test_names():
    assert plain_name("mixamorig:LeftUpLeg") == plain_name("Left_Up-Leg") == "leftupleg"
    assert plain_name("Bip01 L Thigh") == "lthigh"
    both_ways = ["Hips", "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand"]
    roles, missing = joint_roles(both_ways)
    assert roles["clavicle_l"] == 1
    assert roles["upper_arm_l"] == 2
    assert "upper_arm_r" in missing
    roles, _ = joint_roles(["LeftCollar", "LeftShoulder", "LeftElbow", "LeftWrist", "LeftHand"])
    assert (roles["clavicle_l"], roles["upper_arm_l"], roles["hand_l"]) == (0, 1, 3)
    roles, _ = joint_roles(["LHipJoint", "LeftHip", "LeftKnee"])
    assert (roles["thigh_l"], roles["shank_l"]) == (1, 2)


def test_spine_coordinates_give_back_thorax_and_head():
    rng = np.random.default_rng(0)
    spine = rng.uniform(0.55 * REGIONAL_RANGES_RAD[:, 0], 0.55 * REGIONAL_RANGES_RAD[:, 1], (60, 9))
    thorax, head = trunk_rotations(spine)
    solved = spine_coordinates(thorax, head)
    again = trunk_rotations(solved)
    assert np.degrees(rotation_angle_rad(transpose(again[0]) @ thorax)).max() < 0.05
    off = np.degrees(rotation_angle_rad(transpose(again[1]) @ head))
    assert np.percentile(off, 90) < 0.05  # a neck may meet its range where the trunk was shared otherwise
    assert (solved >= REGIONAL_RANGES_RAD[:, 0] - 1e-9).all()
    assert (solved <= REGIONAL_RANGES_RAD[:, 1] + 1e-9).all()


def test_what_no_spine_can_do_stops_at_its_ranges():
    backward = np.stack([turn_deg("y", -120.0), turn_deg("z", 170.0)])
    solved = spine_coordinates(backward, backward)
    assert np.isfinite(solved).all()
    assert (solved >= REGIONAL_RANGES_RAD[:, 0] - 1e-9).all()
    assert solved[0, 0] == pytest.approx(REGIONAL_RANGES_RAD[0, 0], abs=1e-6)
    assert solved[1, REGIONAL_COORDINATES.index("thoracic_rotation")] > np.radians(50)


def test_excerpts_are_set_in_place():
    clip = gait_motions.gait(duration_s=3.0)
    away = replace(
        clip,
        pelvis_position=clip.pelvis_position @ turn("z", 1.0).T + [5.0, 2.0, 0.0],
        pelvis_rotation=turn("z", 1.0) @ clip.pelvis_rotation,
    )
    piece = excerpt(away, 1.0, 1.0)
    assert piece.num_frames == 31
    ahead = piece.pelvis_rotation[:, :, 0].mean(axis=0)
    assert abs(np.arctan2(ahead[1], ahead[0])) < 1e-6
    assert np.allclose(
        piece.pelvis_position[:, :2].min(0) + piece.pelvis_position[:, :2].max(0), 0.0, atol=0.05
    )
    assert np.array_equal(piece.limb_rotations, clip.limb_rotations[30:61])
    assert excerpt(clip, 2.9, 5.0).num_frames == 4
    with pytest.raises(InputError, match=r"3\.00 s"):
        excerpt(clip, 3.5, 1.0)


def test_hanging_arms_move_away_and_raised_ones_stay():
    hanging, raised = both(shoulder_abduction=5.0, protraction=10.0), both(shoulder_abduction=100.0)
    for angles, extra in ((hanging, 12.0), (raised, 0.0)):
        before = clip_from_angles("arms", angles, 1)
        after = with_arms_clear(before, np.radians(12.0))
        a, b = stick_points(before), stick_points(after)
        for side, sign in (("l", 1.0), ("r", -1.0)):
            turned = angle_between_rad(*(p[f"elbow_{side}"] - p[f"shoulder_{side}"] for p in (a, b)))
            assert np.degrees(turned[0]) == pytest.approx(extra, abs=1e-6)
            assert sign * (b[f"wrist_{side}"] - a[f"wrist_{side}"])[0, 1] >= (0.1 if extra else -1e-9)


RECORDED = sorted(Path(os.environ.get("SPINEFORGE_DATA", "/nowhere"), "motion").glob("*.bvh"))
_LIMBS = (
    ("thigh", "shank", "hip", "knee"), ("shank", "foot", "knee", "ankle"),
    ("upper_arm", "forearm", "shoulder", "elbow"),
    ("forearm", "hand", "elbow", "wrist"),
)  # fmt: skip


@pytest.mark.skipif(not RECORDED, reason="SPINEFORGE_DATA has no motion/*.bvh")
@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
# Planted legs are never locked: they bend by nine degrees at least, whatever was recorded.
@pytest.mark.parametrize(("plant", "most_deg"), [(False, 2.0), (True, 9.0)])
def test_recordings_keep_their_limbs_and_sides(path, plant, most_deg):
    recording = read_bvh(path)
    # At the file's own rate frame i is frame i; the world is only turned, so angles between limbs compare.
    clip = retarget(recording, fps=1 / recording.frame_time_s, plant=plant)
    roles, _ = joint_roles(recording.joint_names)
    _, position = forward(recording.parents, recording.rotations, recording.translations)
    position = position[recording.num_frames - clip.num_frames :]
    p = stick_points(clip)
    source, ours = [], []
    for start, end, a, b in _LIMBS:
        for s in "lr":
            source.append(position[:, roles[f"{end}_{s}"]] - position[:, roles[f"{start}_{s}"]])
            ours.append(p[f"{b}_{s}"] - p[f"{a}_{s}"])
    hips = position[:, roles["thigh_l"]] - position[:, roles["thigh_r"]]
    for s, o in zip(source, ours, strict=True):
        for s2, o2 in zip([*source, hips], [*ours, p["hip_l"] - p["hip_r"]], strict=True):
            between = np.abs(angle_between_rad(s, s2) - angle_between_rad(o, o2))
            assert np.degrees(np.median(between)) < most_deg
    # The hips' line is the figure's left, and a mirrored figure would turn the triple product's sign.
    for k in (0, 1, 4, 5):
        triple_source = np.sum(np.cross(hips, source[k]) * source[k + 2], axis=1)
        triple_ours = np.sum(np.cross(p["hip_l"] - p["hip_r"], ours[k]) * ours[k + 2], axis=1)
        # A knee recorded straight or a few degrees past it has no side; ours bends forward there.
        bent = angle_between_rad(source[k], source[k + 2]) > np.radians(9.0)
        strong = bent & (np.abs(triple_source) > np.percentile(np.abs(triple_source), 50))
        if strong.any():
            assert (np.sign(triple_source[strong]) == np.sign(triple_ours[strong])).mean() > 0.9
    # No leg spins about itself from one frame to the next, as it did where a straight knee seemed to bend backward.
    turns = rotation_angle_rad(transpose(clip.limb_rotations[:-1]) @ clip.limb_rotations[1:])
    assert np.degrees(turns.max()) * clip.fps < 3000.0
    thigh = segment_rotations(clip)["thigh_l"]
    ankle = np.einsum("tij,ti->tj", thigh, p["ankle_l"] - p["knee_l"])
    assert np.percentile(ankle[:, 0], 98) < 0.1  # knees bend back
    assert np.ptp(clip.pelvis_position[:, :2].mean(axis=0)) < 5
    assert 0.9 < np.percentile(clip.pelvis_position[:, 2], 80) < 1.1
