"""The library of motions: within ranges, smooth, on the ground, clear of the body, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.rng import rng_for
from synth.motion import arm_motions, floor_motions, gait_motions, lifting_motions, spine_motions
from synth.motion.clip import SEGMENTS, Clip, load_clip, save_clip
from synth.motion.curves import ease, flow, poses, positive_part
from synth.motion.procedural import MOTIONS, static_clip, static_clip_rand
from synth.motion.rotations import rotation_angle_rad, transpose
from synth.motion.standing import bend_shares
from synth.motion.stick import segment_rotations, stick_points

SEEDS = (0, 1)
# Degrees by which a segment's turn may change from one frame to the next: throws and swings are quick.
QUICK = {"throw": 45.0, "forehand": 45.0, "tennis_serve": 80.0, "bat_swing": 110.0, "run": 45.0,
    "rowing_machine": 24.0, "kick": 24.0, "step_up": 18.0}  # fmt: skip
# On the floor, feet are planned on a body that is thicker than sticks; these others move their feet.
ON_FLOOR = {"push_up", "plank", "crunch", "sit_up", "bridge"}
STEPPING = {"gait", "run", "carry_box", "kick", "throw", "tennis_serve", "forehand", "bat_swing", "step_up",
    "kneel_down", "get_up", "tree", "jumping_jack", "rowing_machine"}  # fmt: skip
# Hands that rest on thighs, hips and shins, or pass close by the body on their way.
TOUCHING = {"tie_shoes", "squat_lift", "get_up", "throw", "standing_drift", "mopping", "lying_side",
    "childs_pose", "hip_hinge", "bat_swing", "tennis_serve", "seated_twist", "gardening", "rowing_machine",
    "forehand", "crunch", "sit_up"}  # fmt: skip


def coordinate(clip: Clip, name: str) -> np.ndarray:
    return np.degrees(clip.spine_rad[:, REGIONAL_COORDINATES.index(name)])


@pytest.fixture(scope="module", params=[*MOTIONS, "static"])
def clips(request) -> list[Clip]:
    make = MOTIONS.get(request.param, static_clip_rand)
    return [make(rng_for(seed, request.param)) for seed in SEEDS]


def test_the_issue_names_these():
    wanted = {"flexion_extension", "side_bend", "axial_rotation", "cat_cow", "squat", "lift", "gait",
        "overhead_reach"}  # fmt: skip
    assert wanted | {"golf_swing"} <= set(MOTIONS)
    assert len(MOTIONS) >= 44
    for name, make in MOTIONS.items():
        assert make(rng_for(5, name)).name == name


def test_same_seed_same_clip_another_seed_another(clips):
    name = clips[0].name
    make = MOTIONS.get(name, static_clip_rand)
    again = make(rng_for(0, name))
    assert np.array_equal(again.limb_rotations, clips[0].limb_rotations)
    assert np.array_equal(again.spine_rad, clips[0].spine_rad)
    assert not np.array_equal(
        clips[0].spine_rad[: len(clips[1].spine_rad)], clips[1].spine_rad[: clips[0].num_frames]
    )


def test_rotations_ranges_and_lengths(clips):
    for clip in clips:
        for rotations in (clip.pelvis_rotation, clip.limb_rotations):
            assert np.allclose(rotations @ transpose(rotations), np.eye(3), atol=1e-9)
            assert np.allclose(np.linalg.det(rotations), 1.0)
        assert (clip.spine_rad >= REGIONAL_RANGES_RAD[:, 0] - 1e-12).all()
        assert (clip.spine_rad <= REGIONAL_RANGES_RAD[:, 1] + 1e-12).all()
        # A coordinate that is cut off at its range for long would be a motion that asks for too much.
        at_limit = np.isclose(clip.spine_rad, REGIONAL_RANGES_RAD[:, 0]) | np.isclose(
            clip.spine_rad, REGIONAL_RANGES_RAD[:, 1]
        )
        assert at_limit.mean(axis=0).max() < 0.02, clip.name
        if clip.name == "static":
            assert clip.fps == 10.0
            assert 0.9 <= clip.duration_s <= 1.1
        else:
            assert clip.fps == 30.0
            assert 1.9 <= clip.duration_s <= 4.1


def test_curves_are_smooth(clips):
    for clip in clips:
        for rotations in (clip.pelvis_rotation[:, None], clip.limb_rotations):
            step = rotation_angle_rad(transpose(rotations[:-1]) @ rotations[1:])
            # Change of speed between frames: a heel strike at a brisk pace gives 10 degrees.
            jerk = np.abs(np.diff(step, axis=0))
            worst = np.unravel_index(jerk.argmax(), jerk.shape)
            assert jerk.max() < np.radians(QUICK.get(clip.name, 13.0)), (
                f"{clip.name}: {np.degrees(jerk.max()):.1f} deg/frame^2 at {worst}"
            )
        assert np.abs(np.diff(clip.pelvis_position, n=2, axis=0)).max() < 0.025, clip.name


def test_knees_and_elbows_bend_the_right_way(clips):
    for clip in clips:
        world, p = segment_rotations(clip), stick_points(clip)
        for side in "lr":
            # Seen in the thigh, the ankle is behind (-x); seen in the upper arm, the wrist is in front (+x).
            shank = np.einsum("tij,ti->tj", world[f"thigh_{side}"], p[f"ankle_{side}"] - p[f"knee_{side}"])
            fore = np.einsum(
                "tij,ti->tj", world[f"upper_arm_{side}"], p[f"wrist_{side}"] - p[f"elbow_{side}"]
            )
            assert shank[:, 0].max() < 0.05, clip.name
            assert fore[:, 0].min() > -0.02, clip.name


def test_feet_touch_the_ground_and_stay(clips):
    for clip in clips:
        p = stick_points(clip)
        lowest = np.min([p[n][:, 2] for n in p], axis=0)
        assert np.allclose(lowest, clip.clearance, atol=1e-9)
        if clip.anchor != "feet" or clip.name in ON_FLOOR | STEPPING:
            continue
        for side in "lr":
            height = np.abs(p[f"ball_{side}"][:, 2] - clip.clearance)
            assert height.max() < 0.02, f"{clip.name} foot {side} floats by {height.max():.3f}"
            if clip.name != "jumping_jack":
                slip = np.ptp(p[f"ball_{side}"][:, :2], axis=0).max()
                assert slip < 0.02, f"{clip.name}: the ball of foot {side} slides by {slip:.3f} hip heights"


def test_stepping_feet_do_not_slide_while_they_stand(clips):
    for clip in clips:
        if clip.name not in STEPPING - {"rowing_machine", "jumping_jack"}:
            continue
        p = stick_points(clip)
        for side in "lr":
            ball = p[f"ball_{side}"]
            stands = np.concatenate([[False], ball[:, 2] < 0.006, [False]])
            edges = np.flatnonzero(np.diff(stands.astype(int))).reshape(-1, 2)
            slips = [float(np.linalg.norm(np.ptp(ball[a:b, :2], axis=0))) for a, b in edges]
            assert max(slips, default=0.0) < 0.04, f"{clip.name} foot {side} slides by {max(slips):.3f}"


def _distance(a: np.ndarray, b: np.ndarray, p: np.ndarray) -> np.ndarray:
    """From points to segments, all (T, 3)."""
    along = b - a
    share = np.clip(np.sum((p - a) * along, axis=1) / np.sum(along * along, axis=1), 0, 1)[:, None]
    return np.linalg.norm(p - a - share * along, axis=1)


def test_arms_stay_out_of_trunk_and_thighs(clips):
    """Average radii, in hip heights of 0.93 m: trunk 14 cm about its line, thigh 8, wrist 3."""
    for clip in clips:
        if clip.name in TOUCHING:
            continue
        p = stick_points(clip)
        for side in "lr":
            middle = (p["L3"] + p["pelvis"]) / 2
            for part in ("wrist", "hand"):
                trunk = np.minimum(
                    _distance(p["pelvis"], p["T8"], p[f"{part}_{side}"]),
                    _distance(middle, p["T8"], p[f"{part}_{side}"]),
                )
                assert trunk.min() > 0.18, f"{clip.name}: {part}_{side} at {trunk.min():.3f} from the trunk"
                for leg in "lr":
                    thigh = _distance(p[f"hip_{leg}"], p[f"knee_{leg}"], p[f"{part}_{side}"])
                    assert thigh.min() > 0.11, (
                        f"{clip.name}: {part}_{side} at {thigh.min():.3f} from thigh {leg}"
                    )


def test_bend_shares_follow_esola():
    total = np.linspace(0, 111, 112)
    lumbar, pelvis = bend_shares(total)
    assert np.allclose(lumbar + pelvis, total)
    ratio = [
        np.diff(lumbar[[a, b]])[0] / np.diff(pelvis[[a, b]])[0] for a, b in ((0, 30), (30, 60), (60, 90))
    ]
    assert ratio[0] > 1.0 > ratio[2]  # the lumbar spine leads, the hips finish
    assert 34 < lumbar[-1] < 49  # 41.6 degrees of 111 on average


def test_trunk_goes_where_the_name_says():
    clip = spine_motions.flexion_extension(flexion_deg=80.0, extension_deg=20.0)
    p = stick_points(clip)
    ahead = (p["head_top"] - p["pelvis"])[:, 0]
    assert ahead.max() > 0.5
    assert ahead.min() < -0.1
    clip = spine_motions.side_bend(right_deg=30.0, left_deg=20.0)
    aside = (stick_points(clip)["head_top"] - stick_points(clip)["pelvis"])[:, 1]
    assert aside[clip.frame_at(0.28 * clip.duration_s)] < -0.15
    assert aside.max() > 0.1
    clip = spine_motions.axial_rotation(left_deg=45.0)
    chest = segment_rotations(clip)["thorax"][clip.frame_at(0.28 * clip.duration_s), :, 0]
    assert 35 < np.degrees(np.arctan2(chest[1], chest[0])) < 45  # T3; the 45 degrees are T1's


def test_cat_is_round_and_cow_is_hollow_on_hands_and_knees():
    clip = floor_motions.cat_cow()
    p = stick_points(clip)
    cat, cow = clip.frame_at(0.34 * clip.duration_s), clip.frame_at(0.74 * clip.duration_s)

    def sag(frame: int) -> float:
        return float(p["T12"][frame, 2] - (p["T3"][frame, 2] + p["sacrum"][frame, 2]) / 2)

    assert sag(cat) > sag(0) > sag(cow)
    for name in ("knee_l", "knee_r", "wrist_l", "wrist_r"):
        assert (p[name][:, 2] < 0.08).all(), name
        assert np.ptp(p[name], axis=0).max() < 0.03, f"{name} moves"
    pitch = np.degrees(np.arcsin(clip.pelvis_rotation[:, 0, 2]))
    assert (
        pitch[cat] < pitch[0] - 10 < pitch[cow] - 20
    )  # the pelvis tucks under in the cat, tips over in the cow
    assert (np.abs(pitch - 72.0) < 26.0).all()
    thigh = p["hip_l"] - p["knee_l"]
    assert np.allclose(thigh[:, :2], 0.0, atol=1e-9)


def test_squat_keeps_feet_flat_and_heels_down():
    clip = lifting_motions.squat(depth=1.0)
    p = stick_points(clip)
    bottom = clip.frame_at(0.49 * clip.duration_s)
    assert p["hip_l"][bottom, 2] == pytest.approx(p["knee_l"][bottom, 2], abs=0.06)
    assert p["knee_l"][bottom, 0] > p["toe_l"][bottom, 0] - 0.25
    for side in "lr":
        assert np.abs(p[f"heel_{side}"][:, 2]).max() < 1e-6
        assert np.abs(p[f"ball_{side}"][:, 2]).max() < 1e-6


def test_thorax_turns_against_the_pelvis_in_gait():
    clip = gait_motions.gait(counter_deg=12.0, duration_s=2.2)
    world = segment_rotations(clip)
    turn = {n: np.arctan2(world[n][:, 1, 0], world[n][:, 0, 0]) for n in ("pelvis", "thorax")}
    assert np.corrcoef(turn["pelvis"], turn["thorax"])[0, 1] < -0.8
    p = stick_points(clip)
    # The left hand is ahead when the left foot is behind.
    hand, foot = (p["wrist_l"] - p["pelvis"])[:, 0], (p["ankle_l"] - p["pelvis"])[:, 0]
    assert np.corrcoef(hand, foot)[0, 1] < -0.6
    assert np.corrcoef(turn["thorax"], (p["wrist_l"] - p["wrist_r"])[:, 0])[0, 1] < -0.8


def test_walking_feet_do_not_slide():
    clip = gait_motions.gait(duration_s=2.2)
    p = stick_points(clip)
    soles = np.stack([p[f"{n}_{s}"] for n in ("heel", "ball") for s in "lr"], axis=1)
    planted = (soles[:-1, :, 2] < 0.006) & (soles[1:, :, 2] < 0.006)
    speed = np.abs(np.diff(soles[..., 0], axis=0)) * clip.fps
    assert planted.sum() > 40
    walking = np.ptp(p["pelvis"][:, 0]) / clip.duration_s
    assert 1.0 < walking < 2.2  # hip heights a second: about 0.9 to 2 m/s
    assert np.percentile(speed[planted], 90) < 0.15 * walking
    assert p["pelvis"][0, 0] == pytest.approx(-p["pelvis"][-1, 0], abs=0.02)
    there = stick_points(gait_motions.gait(duration_s=2.2, travel=False))["pelvis"]
    assert np.abs(there[:, 0]).max() < 0.02


def test_golf_hands_meet_and_the_turn_is_large():
    clip = arm_motions.golf_swing()
    p, thorax = stick_points(clip), segment_rotations(clip)["thorax"]
    apart = np.linalg.norm(p["wrist_l"] - p["wrist_r"], axis=1)
    assert apart.max() < 0.2
    turned = np.degrees(np.unwrap(np.arctan2(thorax[:, 1, 0], thorax[:, 0, 0])))
    assert turned.min() < -60
    assert turned.max() > 60
    left = arm_motions.golf_swing(right_handed=False)
    other = segment_rotations(left)["thorax"]
    assert np.degrees(np.arctan2(other[:, 1, 0], other[:, 0, 0]))[: left.num_frames // 2].max() > 60


def test_one_handed_motions_use_that_hand():
    for side, other in (("l", "r"), ("r", "l")):
        for clip in (arm_motions.overhead_reach(sides=side), arm_motions.wave(side=side)):
            p = stick_points(clip)
            assert p[f"wrist_{side}"][:, 2].max() > p["head_top"][:, 2].max() - 0.25
            assert p[f"wrist_{other}"][:, 2].max() < p[f"shoulder_{other}"][:, 2].min()


def test_jumping_jack_leaves_the_ground():
    clip = arm_motions.jumping_jack(height=0.1)
    assert clip.clearance.max() == pytest.approx(0.1, rel=0.05)
    assert clip.clearance.min() == pytest.approx(0.0, abs=1e-6)
    p = stick_points(clip)
    assert p["hand_l"][:, 2].max() > p["head_top"][:, 2].max()


def test_static_stands_still_with_the_arms_away():
    clip = static_clip()
    p = stick_points(clip)
    drop = p["wrist_l"] - p["shoulder_l"]
    away = np.degrees(np.arctan2(drop[:, 1], -drop[:, 2]))
    assert ((away > 20) & (away < 40)).all()
    assert np.ptp(p["head_top"], axis=0).max() < 0.05
    assert 0 < np.abs(np.diff(clip.spine_rad, axis=0)).max() < np.radians(1.5)


def test_clips_survive_their_file(clips, tmp_path):
    save_clip(clips[0], tmp_path / "clip.npz")
    back = load_clip(tmp_path / "clip.npz")
    assert np.array_equal(back.limb_rotations, clips[0].limb_rotations)
    assert back.limb_rotations.shape[1] == len(SEGMENTS)
    assert (back.name, back.anchor, back.fps) == (clips[0].name, clips[0].anchor, clips[0].fps)


def test_curves():
    assert ease(0.5) == pytest.approx(0.5)
    assert np.allclose(ease(np.array([-1.0, 0.0, 1.0, 2.0])), [0, 0, 1, 1])
    t = np.linspace(0, 1, 1001)
    held = poses(t, [(0.2, 1.0), (0.4, 5.0), (0.6, 5.0), (0.8, -2.0)])
    assert np.allclose(held[[0, 200, 400, 500, 600, 800, 1000]], [1, 1, 5, 5, 5, -2, -2])
    through = flow(t, [(0.0, 0.0), (0.5, 1.0), (1.0, 3.0)])
    assert np.allclose(through[[0, 500, 1000]], [0, 1, 3])
    assert (np.diff(through) > -1e-12).all()
    assert np.gradient(through, t)[500] > 0.5  # goes on through the key
    assert positive_part(np.array([0.0]))[0] == 0
    assert positive_part(np.array([100.0, -100.0])) == pytest.approx([97.5, -2.5], abs=0.1)
