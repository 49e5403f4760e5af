"""Signs: what each angle does to a stick figure. Left is +y, forward +x, up +z."""

from __future__ import annotations

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.spine import REGIONAL_RANGES_RAD
from spinepose.errors import InputError
from synth.motion.author import both, clip_from_angles
from synth.motion.clip import SEGMENTS
from synth.motion.contacts import footing, with_feet, with_hands
from synth.motion.rotations import angle_between_rad, frame_from, mirrored, rotation_angle_rad, turn_deg
from synth.motion.stick import LENGTHS, POINTS, segment_rotations, stick_points


def posed(**angles: float) -> dict[str, np.ndarray]:
    return {name: p[0] for name, p in stick_points(clip_from_angles("test", angles, 1)).items()}


def test_a_clip_without_rotations_is_the_t_pose():
    clip = clip_from_angles("t", both(shoulder_abduction=90.0), 1)
    assert np.allclose(clip.limb_rotations, np.eye(3), atol=1e-12)
    p = {name: x[0] for name, x in stick_points(clip).items()}
    assert np.allclose(p["hip_l"], [0, LENGTHS["hip_half"], 1.0], atol=1e-9)
    assert np.allclose(p["hand_l"][[0, 2]], p["shoulder_l"][[0, 2]])
    assert p["hand_l"][1] > p["shoulder_l"][1] > 0 > p["shoulder_r"][1] > p["hand_r"][1]
    assert p["face"][0] > p["C1"][0]
    assert p["toe_l"][0] > p["heel_l"][0]
    assert set(p) == set(POINTS)
    # Drillis & Contini: shoulders at 0.818, hips at 0.530, the top of the head at 1 of stature.
    stature = 1 / 0.530
    assert p["shoulder_l"][2] == pytest.approx(0.818 * stature, abs=0.03 * stature)
    assert p["head_top"][2] == pytest.approx(stature, abs=0.03 * stature)


@pytest.mark.parametrize("region", ["lumbar", "thoracic"])
def test_spine_signs(region):
    flexed, bent, turned = (
        posed(**{f"{region}_{motion}": value})
        for motion, value in (("flexion", 30.0), ("bending", 30.0), ("rotation", 10.0))
    )
    upright = posed()
    assert flexed["head_top"][0] > upright["head_top"][0] + 0.1
    assert bent["head_top"][1] < -0.1  # to the right
    assert bent["shoulder_r"][2] < bent["shoulder_l"][2]
    assert turned["shoulder_l"][0] < turned["shoulder_r"][0]  # the chest faces left


def test_neck_signs():
    assert posed(cervical_flexion=40.0)["head_top"][0] > posed()["head_top"][0]
    assert posed(cervical_bending=40.0)["head_top"][1] < -0.05
    assert posed(cervical_rotation=40.0)["face"][1] > 0.03


def test_pelvis_signs():
    assert posed(pelvis_tilt=30.0)["head_top"][0] > 0.3
    assert posed(pelvis_list=20.0)["head_top"][1] < -0.2
    assert posed(pelvis_turn=30.0)["toe_l"][1] > posed()["toe_l"][1]


@pytest.mark.parametrize(("side", "sign"), [("l", 1.0), ("r", -1.0)])
def test_limb_signs(side, sign):
    upright = posed()
    p = posed(**{f"hip_flexion_{side}": 60.0})
    assert p[f"knee_{side}"][0] > p[f"hip_{side}"][0] + 0.3  # the knee comes forward
    p = posed(**{f"knee_flexion_{side}": 60.0})
    assert p[f"ankle_{side}"][0] < p[f"knee_{side}"][0] - 0.3  # the heel goes back
    p = posed(**{f"ankle_dorsiflexion_{side}": 20.0})
    assert p[f"ball_{side}"][2] > p[f"heel_{side}"][2]  # toes up
    p = posed(**{f"hip_abduction_{side}": 30.0})
    assert sign * p[f"knee_{side}"][1] > sign * upright[f"knee_{side}"][1] + 0.2
    p = posed(**{f"hip_rotation_{side}": 30.0})
    assert sign * p[f"toe_{side}"][1] < sign * upright[f"toe_{side}"][1]  # toes inward
    p = posed(**{f"shoulder_flexion_{side}": 90.0})
    assert p[f"hand_{side}"][0] > p[f"shoulder_{side}"][0] + 0.5
    p = posed(**{f"shoulder_abduction_{side}": 150.0})
    assert p[f"hand_{side}"][2] > p["head_top"][2]
    assert sign * p[f"hand_{side}"][1] > sign * p[f"shoulder_{side}"][1]
    p = posed(**{f"elbow_flexion_{side}": 90.0})
    assert p[f"wrist_{side}"][0] > p[f"elbow_{side}"][0] + 0.2  # the forearm comes forward
    p = posed(**{f"elbow_flexion_{side}": 90.0, f"shoulder_rotation_{side}": 45.0})
    assert sign * p[f"wrist_{side}"][1] < sign * p[f"elbow_{side}"][1]  # turned inward, in front of the belly
    p = posed(**{f"protraction_{side}": 20.0})
    assert p[f"shoulder_{side}"][0] > upright[f"shoulder_{side}"][0]
    p = posed(**{f"shrug_{side}": 20.0})
    assert p[f"shoulder_{side}"][2] > upright[f"shoulder_{side}"][2]


def test_hand_signs():
    # Pronated from hanging, palms face back; the wrist then bends the fingers back.
    p = posed(**both(pronation=90.0, wrist_flexion=60.0))
    for side in "lr":
        assert p[f"hand_{side}"][0] < p[f"wrist_{side}"][0] - 0.05


def test_angles_are_mirror_images():
    rng = np.random.default_rng(3)
    names = (
        "shoulder_flexion",
        "shoulder_abduction",
        "elbow_flexion",
        "hip_flexion",
        "hip_rotation",
        "knee_flexion",
    )
    values = {name: rng.uniform(5.0, 60.0) for name in names}
    p = posed(**both(**values))
    for name in ("hand", "elbow", "knee", "toe", "clavicle"):
        assert np.allclose(p[f"{name}_l"] * [1, -1, 1], p[f"{name}_r"], atol=1e-9)


def test_arms_in_the_world_hang_when_the_trunk_bends():
    clip = clip_from_angles("bend", {"pelvis_tilt": 70.0, "lumbar_flexion": 30.0}, 1, arms_in="world")
    p = stick_points(clip)
    assert angle_between_rad(p["wrist_l"] - p["shoulder_l"], np.array([0.0, 0.0, -1.0]))[0] < 1e-6


def test_trunk_angles_are_held_within_ranges_and_unknown_names_refused():
    clip = clip_from_angles("far", {"lumbar_rotation": 80.0}, 2)
    limit = REGIONAL_RANGES_RAD[REGIONAL_COORDINATES.index("lumbar_rotation"), 1]
    assert np.allclose(clip.spine_rad[:, 2], limit)
    with pytest.raises(InputError, match="elbow_extension_l"):
        clip_from_angles("typo", {"elbow_extension_l": 3.0}, 1)


def test_feet_stay_while_the_pelvis_moves():
    frames = 20
    pelvis = np.tile([0.0, 0.0, 1.0], (frames, 1))
    pelvis[:, 0] = np.linspace(0, -0.2, frames)
    pelvis[:, 2] -= np.linspace(0.02, 0.45, frames)
    angles = {"pelvis_tilt": np.linspace(0, 30, frames), "pelvis_turn": np.linspace(0, 15, frames)}
    plan = footing(frames, half_width=0.15, toe_out_deg=12.0)
    clip = with_feet(clip_from_angles("sink", angles, frames, pelvis), plan)
    p = stick_points(clip)
    for side in "lr":
        assert np.ptp(p[f"ankle_{side}"], axis=0).max() < 1e-9
        assert np.abs(p[f"heel_{side}"][:, 2]).max() < 1e-9
        # Knees bend forward only.
        assert (p[f"knee_{side}"][1:, 0] > (p[f"hip_{side}"] + p[f"ankle_{side}"])[1:, 0] / 2).all()


def test_a_raised_heel_leaves_the_ball_in_place():
    heel = np.linspace(0, 50, 10)
    clip = with_feet(
        clip_from_angles("tiptoe", {}, 10), footing(10, heel_raise_deg=(heel, heel), pivot_deg=(heel, 0))
    )
    p = stick_points(clip)
    for side in "lr":
        assert np.ptp(p[f"ball_{side}"] - p[f"ball_{side}"][0], axis=0).max() < 1e-9
    assert (np.diff(p["heel_l"][:, 2]) > 0).all()


def test_hands_reach_and_give_way_beyond_their_length():
    clip = clip_from_angles("reach", {}, 3)
    shoulder = stick_points(clip)["shoulder_l"]
    wrist = shoulder + np.array([[0.3, 0.1, -0.2], [0.2, 0.0, 0.3], [5.0, 0.0, 0.0]])
    p = stick_points(with_hands(clip, {"l": wrist}, {"l": np.array([0.0, 0.5, -1.0])}))
    assert np.allclose(p["wrist_l"][:2], wrist[:2], atol=1e-9)
    arm = LENGTHS["upper_arm"] + LENGTHS["forearm"]
    assert 0.95 * arm < np.linalg.norm(p["wrist_l"][2] - shoulder[2]) < arm
    # The elbow is on the hint's side of the line from shoulder to wrist.
    middle = (shoulder[0] + wrist[0]) / 2
    assert (p["elbow_l"][0] - middle) @ [0.0, 0.5, -1.0] > 0


def test_with_hands_leaves_the_other_arm_alone():
    clip = clip_from_angles("one", both(elbow_flexion=30.0), 2)
    moved = with_hands(clip, {"l": np.tile([0.4, 0.2, 1.2], (2, 1))}, {"l": np.array([0.0, 1.0, -1.0])})
    right = [i for i, name in enumerate(SEGMENTS) if name.endswith("_r")]
    assert np.array_equal(moved.limb_rotations[:, right], clip.limb_rotations[:, right])


def test_segment_rotations_compose_down_the_chain():
    clip = clip_from_angles("chain", {"pelvis_tilt": 20.0, "hip_flexion_l": 50.0, "knee_flexion_l": 70.0}, 1)
    world = segment_rotations(clip)
    assert np.allclose(world["shank_l"][0], turn_deg("y", 20.0 - 50.0 + 70.0))


def test_rotation_helpers():
    assert np.allclose(turn_deg("z", 90.0) @ [1, 0, 0], [0, 1, 0])
    assert np.allclose(turn_deg("y", 90.0) @ [0, 0, 1], [1, 0, 0])
    assert np.allclose(mirrored(turn_deg("x", 20.0)), turn_deg("x", -20.0))
    assert np.allclose(mirrored(turn_deg("y", 20.0)), turn_deg("y", 20.0))
    assert rotation_angle_rad(turn_deg("x", 33.0)) == pytest.approx(np.radians(33.0))
    for axes in ("xy", "xz", "yx", "yz", "zx", "zy"):
        frame = frame_from(np.array([0.2, 0.5, 0.7]), np.array([1.0, -0.4, 0.1]), axes)
        assert np.linalg.det(frame) == pytest.approx(1.0)
        assert np.allclose(frame.T @ frame, np.eye(3))
        assert frame[:, "xyz".index(axes[1])] @ [1.0, -0.4, 0.1] > 0
