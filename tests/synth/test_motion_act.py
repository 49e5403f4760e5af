"""Tables of poses, life, mirror images, planted feet, discs of floor."""

from __future__ import annotations

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.errors import InputError
from synth.motion import load_motions, seated_motions, swing_motions
from synth.motion.act import Arms, act, phase, tracks
from synth.motion.clip import PROP_KINDS, Clip, ClipProp
from synth.motion.edit import excerpt, mirrored_clip
from synth.motion.gait_motions import gait
from synth.motion.life import Life, enlivened, retimed
from synth.motion.planted import with_planted_feet
from synth.motion.procedural import MOTIONS
from synth.motion.props import prop_discs
from synth.motion.stick import segment_rotations, stick_points

T = phase(2.0)


def test_tracks_hold_or_pass_their_poses_and_refuse_unknown_names():
    table = [(0.0, {"bend": 0.0, "curl": 0.2}), (0.5, {"bend": 60.0}), (1.0, {"bend": 0.0})]
    held, through = (
        tracks(T, table),
        tracks(T, [(0.0, {"px": 0.0}), (0.5, {"px": 1.0}), (1.0, {"px": 3.0})], True),
    )
    assert held["bend"][[0, 30, 60]] == pytest.approx([0, 60, 0])
    assert set(held) == {"bend", "curl_l", "curl_r"}
    assert np.gradient(through["px"])[30] > 0.02
    with pytest.raises(InputError, match="bnd"):
        tracks(T, [(0.0, {"bnd": 1.0})])


def test_a_bend_is_shared_by_lumbopelvic_rhythm_and_the_hips_go_back():
    clip = act("bend", tracks(T, [(0.0, {"bend": 0.0}), (1.0, {"bend": 100.0})]))
    lumbar = np.degrees(clip.spine_rad[-1, REGIONAL_COORDINATES.index("lumbar_flexion")])
    assert 30 < lumbar < 45
    p = stick_points(clip)
    assert p["pelvis"][-1, 0] < -0.05
    assert np.ptp(p["ball_l"], axis=0).max() < 0.01


def test_wrists_go_where_the_table_has_them_and_a_grip_points_along_its_handle():
    table = [(0.0, {"wx": 0.40, "wy": 0.15, "wz": 1.2, "gx": 0.0, "gy": 0.3, "gz": 1.0})]
    clip = act("hold", tracks(T, table), arms=Arms("world"))
    p, world = stick_points(clip), segment_rotations(clip)
    assert np.allclose(p["wrist_l"], [0.40, 0.15, 1.2], atol=0.01)
    assert np.allclose(p["wrist_r"], [0.40, -0.15, 1.2], atol=0.01)
    assert world["hand_l"][0, :, 0] @ [0.0, 0.287, 0.958] > 0.9  # the thumb's side


def test_a_foot_on_its_way_is_lifted_and_one_that_stays_is_not():
    clip = act("step", tracks(T, [(0.3, {"foot_x_l": 0.0}), (0.7, {"foot_x_l": 0.4})]))
    p = stick_points(clip)
    assert p["ball_l"][30, 2] > 0.02
    assert p["ball_l"][[0, -1], 2] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(p["ball_r"][:, 2]).max() < 1e-6


def test_mirrored_clips_are_mirror_images():
    clip = swing_motions.throw()
    other = mirrored_clip(clip)
    ours, theirs = stick_points(clip), stick_points(other)
    for name in ("hand", "elbow", "ankle", "shoulder"):
        assert np.allclose(ours[f"{name}_l"] * [1, -1, 1], theirs[f"{name}_r"], atol=1e-9)
    assert np.allclose(ours["head_top"] * [1, -1, 1], theirs["head_top"], atol=1e-9)
    assert [prop.attach for prop in other.props] == ["hand_l"]
    assert np.array_equal(other.hand_curl, clip.hand_curl[:, ::-1])
    again = mirrored_clip(other)
    assert np.allclose(again.limb_rotations, clip.limb_rotations)


def test_life_moves_the_spine_but_not_hands_that_hold_nor_feet_that_stand():
    clip = seated_motions.typing()
    alive = enlivened(clip, np.random.default_rng(1), Life(hands="kept", tempo=0.0))
    moved = np.degrees(np.abs(alive.spine_rad - clip.spine_rad)).max(axis=0)
    assert 0.5 < moved.max() < 12.0
    before, after = stick_points(clip), stick_points(alive)
    for name in ("wrist_l", "wrist_r", "ball_l", "ball_r"):
        assert np.abs(before[name] - after[name]).max() < 0.012, name
    assert (alive.spine_rad <= REGIONAL_RANGES_RAD[:, 1]).all()
    assert (alive.spine_rad >= REGIONAL_RANGES_RAD[:, 0]).all()


def test_another_tempo_moves_the_frames_of_things_too():
    clip = load_motions.squat_lift()
    taken = clip.props[0].frames[0]
    frames = clip.num_frames
    late = retimed(clip, (frames - 1) * np.linspace(0, 1, frames) ** 1.3)
    assert late.props[0].frames[0] > taken
    assert np.allclose(np.linalg.det(late.limb_rotations), 1.0)
    held = late.props[0].frames[0]
    source = (frames - 1) * (held / (frames - 1)) ** 1.3
    assert source == pytest.approx(taken, abs=1.0)


def test_excerpts_keep_curl_and_things():
    clip = load_motions.squat_lift()
    piece = excerpt(clip, 1.0, 1.0)
    assert piece.hand_curl.shape == (31, 2)
    first = clip.props[0].frames[0]
    assert piece.props[0].frames == (first - 30, 31)


def test_motions_that_need_things_have_them():
    wanted = {"typing": {"chair", "desk"}, "squat_lift": {"box"}, "barbell_deadlift": {"barbell"},
        "kettlebell_swing": {"kettlebell"}, "bent_over_row": {"dumbbell"}, "rowing_machine": {"oar", "bench"},
        "tennis_serve": {"racket"}, "bat_swing": {"bat"}, "golf_swing": {"club"}, "throw": {"ball"}, "plank": {"mat"},
        "step_up": {"step"}, "sit_to_stand": {"chair"}}  # fmt: skip
    for name, kinds in wanted.items():
        clip = MOTIONS[name](np.random.default_rng(0))
        assert kinds <= {prop.kind for prop in clip.props}, name
        for prop in clip.props:
            assert prop.kind in PROP_KINDS
            assert prop.under_frame < clip.num_frames


def test_discs_lie_where_the_things_are():
    clip = Clip(**{**vars(gait()), "props": (ClipProp("desk", position=(0.6, 0.0, 0.8)), ClipProp("mat"))})
    discs = prop_discs(clip)
    assert len(discs) == 2  # 1.3 m wide and half as deep; mats are walked over
    assert {round(x, 2) for x, _, _ in discs} == {0.6}
    assert max(y for _, y, _ in discs) == pytest.approx(0.35, abs=0.02)
    racket = prop_discs(swing_motions.forehand())
    assert all(0.5 < radius < 1.0 for _, _, radius in racket)
    assert prop_discs(gait()) == []


def test_feet_of_recordings_are_held_where_they_stand():
    t = phase(3.0)
    swaying = {"px": 0.02 * np.sin(9.0 * t), "py": 0.015 * np.cos(7.0 * t), "knee_flexion_l": 12.0 + 0.0 * t,
        "hip_flexion_l": 6.0 + 0.0 * t, "knee_flexion_r": 12.0 + 0.0 * t, "hip_flexion_r": 6.0 + 0.0 * t}  # fmt: skip
    sliding = act("sway", swaying, legs="angles")
    held = with_planted_feet(sliding)
    before, after = stick_points(sliding), stick_points(held)
    for side in "lr":
        assert np.ptp(before[f"ball_{side}"], axis=0).max() > 0.03
        assert np.ptp(after[f"ball_{side}"], axis=0).max() < 0.005
    assert np.allclose(held.pelvis_position, sliding.pelvis_position)
    walking = with_planted_feet(gait())
    assert np.abs(stick_points(walking)["ball_l"] - stick_points(gait())["ball_l"]).max() < 0.06
