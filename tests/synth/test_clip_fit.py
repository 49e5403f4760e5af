"""Clips on real bodies: things where hands and seats are, feet that stand, arms outside the body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spinepose.rng import rng_for
from synth.body.character import Character, build_character
from synth.body.parts import PARTS
from synth.body.population import sample_subject
from synth.body.spec import Cloth, Posture
from synth.motion import (
    arm_motions,
    daily_motions,
    ground_motions,
    load_motions,
    mat_motions,
    seated_motions,
    sport_motions,
    swing_motions,
    yoga_motions,
)
from synth.motion.author import both, clip_from_angles
from synth.world.clip_checks import Probe, fit_of, joints_of, probe_of
from synth.world.clip_fit import ClipFit
from synth.world.clip_props import palm_frames, prop_matrices, prop_rig
from synth.world.clips import rest_clip
from synth.world.prop_stage import clear_props, stage_props
from synth.world.scene_state import CharacterThing, Pose, Scene

REST = rest_clip()


@pytest.fixture(scope="module")
def heavy() -> Character:
    spec = sample_subject(rng_for(0, "fit", "heavy"), "heavy")
    grey = (120, 120, 120)
    return build_character(replace(spec, sex="male", stature_m=1.80, bmi=33.0, posture=Posture(), beard="none",
        headwear="none", hair="buzz", top=Cloth("tshirt", "plain", grey, grey, 0.3, 0.5),
        bottom=Cloth("leggings", "plain", grey, grey, 0.2, 0.8), shoes=Cloth("sneakers", "plain", grey, grey,
        0.5, 0.5)))  # fmt: skip


@pytest.fixture(scope="module")
def probe(heavy) -> Probe:
    return probe_of(heavy.spec)


def test_arms_that_hang_close_end_outside_a_stout_body(heavy, probe):
    clip = clip_from_angles("close", both(shoulder_abduction=2.0, elbow_flexion=8.0), 2)
    assert probe.arm_depth_m(clip, 0) > 0.02
    fitted = ClipFit(clip, heavy, REST)
    assert probe.arm_depth_m(fitted.at(0), 0) < 0.012
    assert not np.array_equal(fitted.clip.limb_rotations[0], clip.limb_rotations[0])
    assert np.array_equal(fitted.clip.limb_rotations[1], clip.limb_rotations[1])  # not asked for yet
    raised = clip_from_angles("raised", both(shoulder_abduction=80.0), 1)
    arms = slice(0, 8)
    assert np.allclose(
        ClipFit(raised, heavy, REST).at(0).limb_rotations[:, arms], raised.limb_rotations[:, arms]
    )


def test_fitting_a_frame_does_not_depend_on_what_was_fitted_before(heavy):
    clip = load_motions.squat_lift()
    one, other = ClipFit(clip, heavy, REST), ClipFit(clip, heavy, REST)
    for frame in (0, 20, 40):
        one.at(frame)
    assert np.array_equal(one.at(50).limb_rotations[50], other.at(50).limb_rotations[50])


def test_feet_stand_and_arms_stay_outside(heavy, probe):
    for clip in (
        load_motions.squat_lift(),
        yoga_motions.lunge_twist(),
        daily_motions.mopping(),
        sport_motions.kick(),
        sport_motions.vertical_jump(),
        swing_motions.throw(),
        yoga_motions.downward_dog(),
        ground_motions.kneel_down(),
        ground_motions.get_up(),
    ):
        fit = fit_of(clip, heavy, probe, 12, ClipFit(clip, heavy, REST).at)
        assert fit.float_m < 0.02, clip.name
        assert fit.slide_m < 0.012, clip.name
        assert fit.inside_m < 0.03, clip.name


def test_joints_are_told():
    joints = joints_of(sport_motions.vertical_jump())
    assert joints.out_of_range_rad < 0
    assert joints.knee_deg[0] > 0
    assert joints.knee_deg[1] < 150
    assert 200 < joints.fastest_deg_s[0] < 2500
    backward = clip_from_angles("backward", {"knee_flexion_l": -20.0}, 3)
    assert joints_of(backward).knee_deg[0] == pytest.approx(-20.0, abs=0.1)


def test_a_seat_meets_the_body_on_it_and_its_back_is_behind(heavy):
    clip = seated_motions.slumped_sitting()
    fitted = ClipFit(clip, heavy, REST)
    rig = prop_rig(fitted.clip, heavy, fitted.pose)
    posed = fitted.pose(0)
    matrix = rig.matrices(0, posed)[0]
    top = rig.mesh_extents_m[0][2] * matrix[2, 2]
    bearing = posed.vertices_m[
        np.isin(heavy.vertex_part_id, [PARTS["trunk"], PARTS["thigh_l"], PARTS["thigh_r"]])
    ]
    over = np.abs(bearing[:, :2] - matrix[:2, 3]).max(axis=1) < 0.18
    assert top == pytest.approx(np.percentile(bearing[over, 2], 1.0), abs=0.03)
    assert 0.35 < top < 0.62
    assert matrix[0, 3] - 0.5 * rig.extents_m[0][0] < bearing[bearing[:, 2] > top + 0.1, 0].min() + 0.03
    later = rig.matrices(clip.num_frames - 1, fitted.pose(clip.num_frames - 1))[0]
    assert np.array_equal(matrix, later)


def test_a_box_is_between_the_palms_and_stands_on_the_floor_before(heavy):
    clip = load_motions.squat_lift()
    fitted = ClipFit(clip, heavy, REST)
    rig = prop_rig(fitted.clip, heavy, fitted.pose)
    last = clip.num_frames - 1
    posed = fitted.pose(last)
    box, palms = rig.matrices(last, posed)[0], palm_frames(heavy, posed)
    middle = (palms["l"][:3, 3] + palms["r"][:3, 3]) / 2
    up = box[:3, 2] / np.linalg.norm(box[:3, 2])
    assert np.allclose(box[:3, 3] + 0.5 * rig.extents_m[0][2] * up, middle, atol=1e-6)
    before = rig.matrices(0, fitted.pose(0))[0]
    assert before[2, 3] == pytest.approx(0.0, abs=0.03)
    assert box[2, 3] > 0.6
    assert np.linalg.norm(palms["l"][:3, 3] - palms["r"][:3, 3]) == pytest.approx(
        rig.extents_m[0][1], abs=0.06
    )


def test_a_club_meets_the_ground_and_both_hands_hold_it(heavy):
    clip = arm_motions.golf_swing()
    rig = prop_rig(clip, heavy)
    heights, apart = [], []
    for frame in range(0, clip.num_frames, 6):
        posed = heavy.pose(clip, frame)
        club = rig.matrices(frame, posed)[0]
        head = club @ np.array([0.0, 0.0, rig.mesh_extents_m[0][2], 1.0])
        heights.append(head[2])
        lower = np.linalg.inv(club) @ np.append(palm_frames(heavy, posed)["r"][:3, 3], 1.0)
        apart.append(np.hypot(*lower[:2]))
        assert 0.03 < lower[2] < 0.2, "the right hand holds below the left one"
    assert 0.8 <= rig.extents_m[0][2] <= 1.14
    assert -0.01 < min(heights) < 0.08
    assert max(heights) > 1.5
    assert np.median(apart) < 0.05


def test_handles_run_along_the_thumb_and_bars_from_palm_to_palm(heavy):
    clip = swing_motions.forehand()
    posed = heavy.pose(clip, 20)
    racket = prop_matrices(clip, 20, heavy, posed)[0]
    thumb = palm_frames(heavy, posed)["r"][:3, 0]
    assert racket[:3, 2] @ thumb == pytest.approx(np.linalg.norm(racket[:3, 2]))
    clip = load_motions.barbell_deadlift()
    posed = heavy.pose(clip, 40)
    bar, palms = prop_matrices(clip, 40, heavy, posed)[0], palm_frames(heavy, posed)
    across = palms["l"][:3, 3] - palms["r"][:3, 3]
    assert bar[:3, 1] @ across == pytest.approx(np.linalg.norm(across) * np.linalg.norm(bar[:3, 1]))
    assert np.linalg.det(bar[:3, :3]) > 0


def test_things_come_move_and_go_with_a_person(heavy):
    scene = Scene()
    person = CharacterThing("ann", Pose(), (0, 0, 0), spec_json="{}", body=heavy, clip=REST)
    scene.add(person)
    clip = seated_motions.typing()
    person.fit = ClipFit(clip, heavy, REST)
    person.set_motion(person.fit.at(0), 0)
    stage_props(scene, person)
    assert {"ann_chair0", "ann_desk1"} <= set(scene.things)
    was = np.array(scene.things["ann_chair0"].pose.location_cm)
    person.pose.location_cm = (100.0, 0.0, 0.0)
    stage_props(scene, person)
    assert np.array(scene.things["ann_chair0"].pose.location_cm) - was == pytest.approx([100.0, 0.0, 0.0])
    del scene.things["ann_desk1"]  # a client destroyed it
    stage_props(scene, person)
    person.fit = ClipFit(mat_motions.plank(), heavy, REST)
    person.set_motion(person.fit.at(0), 0)
    stage_props(scene, person)
    assert set(scene.things) == {"ann", "ann_mat0"}
    clear_props(scene, person)
    assert set(scene.things) == {"ann"}
    stage_props(scene, person)
    scene.remove("ann")
    assert not scene.things
