import numpy as np
import pytest
import yaml

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.skeleton import INDEX, SPINE_CHAIN
from synth.bone_markers import BODY_KEYPOINTS, BoneMarkers, known_maps, load_map, place_of
from synth.inside import winding_number
from synth.stand_in import stand_in

# A person of 1.75 m in an A-pose, facing +x: where joints are, left side, metres.
JOINTS = {
    "thigh_{s}": (0.0, 0.09, 0.92), "calf_{s}": (0.0, 0.1, 0.5), "foot_{s}": (-0.02, 0.11, 0.08),
    "ball_{s}": (0.12, 0.12, 0.02), "clavicle_{s}": (0.02, 0.03, 1.42), "upperarm_{s}": (-0.02, 0.18, 1.42),
    "lowerarm_{s}": (-0.03, 0.38, 1.22), "hand_{s}": (0.0, 0.57, 1.05),
}  # fmt: skip
MIDDLE = {
    "pelvis": (0.0, 0.0, 0.96), "spine_01": (-0.02, 0.0, 1.02), "spine_02": (-0.01, 0.0, 1.1),
    "spine_03": (0.0, 0.0, 1.18), "spine_04": (0.0, 0.0, 1.27), "spine_05": (-0.03, 0.0, 1.4),
    "neck_01": (-0.03, 0.0, 1.5), "head": (0.0, 0.0, 1.6),
}  # fmt: skip


def turned(seed):
    """Any rotation."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.sign(np.linalg.det(q))


def manny(yaw_rad=0.0, shift_m=(0.0, 0.0, 0.0)):
    """Bones whose axes point anywhere, as a foreign skeleton's may."""
    points = dict(MIDDLE)
    for name, (x, y, z) in JOINTS.items():
        points |= {name.format(s="l"): (x, y, z), name.format(s="r"): (x, -y, z)}
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    place = np.eye(4)
    place[:3, :3], place[:3, 3] = [[c, -s, 0], [s, c, 0], [0, 0, 1]], shift_m
    bones = {}
    for number, (name, point) in enumerate(points.items()):
        frame = np.eye(4)
        frame[:3, :3], frame[:3, 3] = turned(number), point
        bones[name] = place @ frame
    return bones, place


SKELETONS = [name for name in known_maps() if name != "exported"]


@pytest.mark.parametrize("name", SKELETONS)
def test_maps_place_every_marker_and_keypoint_alike_on_both_sides(name):
    plan = load_map(name)
    assert tuple(plan.markers) == MARKER_NAMES
    assert tuple(plan.keypoints) == BODY_KEYPOINTS
    for left, placed in (plan.markers | plan.keypoints).items():
        right = left.replace("left_", "right_") if "left_" in left else f"R{left[1:]}"
        other = (plan.markers | plan.keypoints).get(right)
        if other is None or left == right or not left.startswith(("L", "left_")) or left in ("L3", "L5"):
            continue
        flip = [1, 1, 1] if placed.frame in ("limb", "foot") else [1, -1, 1]
        assert np.multiply(placed.at, flip) == pytest.approx(other.at)
        assert {bone.removesuffix("_l") for bone in placed.carrier} == {
            b.removesuffix("_r") for b in other.carrier
        }
    for name in ("C7", "T3", "T8", "T12", "L3", "L5", "CLAV", "STRN"):
        assert plan.markers[name].at[1] == 0


@pytest.mark.parametrize("name", [name for name in SKELETONS if name != "spineforge"])
def test_foreign_maps_say_what_is_not_sure(name):
    plan = load_map(name)
    unsure = {point for point, placed in plan.markers.items() if not placed.sure}
    assert {"LFHD", "LACR"} <= unsure
    assert plan.markers["LKNL"].sure


def test_people_who_were_exported_bring_their_markers_as_bones():
    plan = load_map("exported")
    assert {n: p.carrier for n, p in plan.markers.items()} == {n: (f"marker_{n}",) for n in MARKER_NAMES}
    assert {n: p.carrier for n, p in plan.keypoints.items()} == {
        n: (f"keypoint_{n}",) for n in BODY_KEYPOINTS
    }
    bones = {name: np.eye(4) for name in plan.bones}
    for number, name in enumerate(bones):
        bones[name][:3, :3], bones[name][:3, 3] = turned(number), np.random.default_rng(number).normal(size=3)
    for word, y in (("left", 0.1), ("right", -0.1)):
        bones[f"keypoint_{word}_hip"][:3, 3] = 0, y, 0.9
        bones[f"keypoint_{word}_shoulder"][:3, 3] = 0, 2 * y, 1.4
    markers, _ = BoneMarkers(plan, bones).points(bones)
    assert markers[0] == pytest.approx(bones["marker_C7"][:3, 3])


def test_a_mannequins_points_lie_where_they_should():
    bones, _ = manny()
    markers, keypoints = BoneMarkers(load_map("ue5_manny"), bones).points(bones)
    m = dict(zip(MARKER_NAMES, markers, strict=True))
    for name in ("C7", "T3", "T8", "T12", "L3", "L5"):
        assert -0.2 < m[name][0] < -0.04  # behind the trunk's middle
        assert m[name][1] == pytest.approx(0, abs=1e-9)
    heights = [m[name][2] for name in ("C7", "T3", "T8", "T12", "L3", "L5", "LPSI")]
    assert heights == sorted(heights, reverse=True)
    assert m["LASI"][0] > 0.05
    assert m["LASI"][1] > 0.08
    assert m["LKNL"][1] > 0.1 > m["LKNM"][1]
    assert m["RKNL"][1] < -0.1 < m["RKNM"][1]
    assert m["LELL"][2] > m["LELM"][2]  # lateral is up where the arm is held out
    assert m["LWRR"][0] > m["LWRU"][0]  # the thumb's side is ahead
    assert m["LHEE"][0] < -0.04
    assert keypoints[INDEX["left_knee"]] == pytest.approx(bones["calf_l"][:3, 3], abs=0.01)
    assert keypoints[INDEX["nose"]][0] > 0.06
    assert np.isnan(keypoints[[INDEX[name] for name in SPINE_CHAIN]]).all()
    assert np.isfinite(markers).all()


def test_points_do_not_depend_on_bone_axes_heading_or_place():
    bones, _ = manny()
    there, place = manny(yaw_rad=2.2, shift_m=(3.0, -4.0, 0.5))
    plan = load_map("metahuman")
    here = BoneMarkers(plan, bones).points(bones)[0]
    moved = BoneMarkers(plan, there).points(there)[0]
    assert moved == pytest.approx(here @ place[:3, :3].T + place[:3, 3], abs=1e-9)


def test_points_follow_their_bone_and_no_other():
    bones, _ = manny()
    tied = BoneMarkers(load_map("ue5_manny"), bones)
    before = tied.points(bones)[0]
    swing = np.eye(4)
    swing[:3, :3], swing[:3, 3] = turned(99), (0.1, 0.2, 0.3)
    after = tied.points(bones | {"foot_l": swing @ bones["foot_l"]})[0]
    changed = {MARKER_NAMES[i] for i in np.flatnonzero(np.abs(after - before).max(axis=1) > 1e-9)}
    assert changed == {"LHEE", "LTOE", "LMT5"}
    index = MARKER_NAMES.index("LHEE")
    assert after[index] == pytest.approx(swing[:3, :3] @ before[index] + swing[:3, 3])


def test_of_several_spine_bones_the_last_below_a_point_carries_it():
    bones, _ = manny()
    tied = BoneMarkers(load_map("ue5_manny"), bones)
    before = tied.points(bones)[0]
    lifted = bones["spine_04"].copy()
    lifted[2, 3] += 0.1
    moved = np.abs(tied.points(bones | {"spine_04": lifted})[0] - before).max(axis=1) > 1e-9
    heights = {name: before[MARKER_NAMES.index(name)][2] for name, _ in zip(MARKER_NAMES, moved, strict=True)}
    for name in ("C7", "T3", "T8", "T12", "L3", "L5"):
        assert moved[MARKER_NAMES.index(name)] == (1.27 <= heights[name] < 1.4), name


def test_a_place_found_is_the_place_given():
    bones, _ = manny(0.7)
    plan = load_map("ue5_manny")
    for name, placed in list(plan.markers.items())[::5]:
        point = BoneMarkers(plan, bones).points(bones)[0][MARKER_NAMES.index(name)]
        assert place_of(plan, bones, placed, point) == pytest.approx(placed.at, abs=1e-9)


def test_whoever_lies_or_lacks_a_bone_is_refused():
    bones, _ = manny()
    plan = load_map("ue5_manny")
    fallen = np.eye(4)
    fallen[:3, :3] = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]
    with pytest.raises(InputError, match="does not stand upright"):
        BoneMarkers(plan, {name: fallen @ frame for name, frame in bones.items()})
    with pytest.raises(InputError, match="no bone calf_l"):
        BoneMarkers(plan, {name: frame for name, frame in bones.items() if name != "calf_l"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.pop("schema"), "no marker map of schema 1"),
        (lambda d: d.update(bonus=1), "'bonus' is nothing"),
        (lambda d: d["markers"].pop("C7"), "markers lacks 'C7'"),
        (lambda d: d["keypoints"].update(tail={}), "has 'tail'"),
        (lambda d: d["markers"]["LKNL"].pop("to"), "LKNL: frame limb needs from and to"),
        (lambda d: d["markers"]["T8"].update(frame="body"), "T8: frame is 'body'"),
        (lambda d: d["markers"]["T8"].update(at=[0, 0]), "T8: at must be three numbers"),
        (lambda d: d["markers"]["T8"].update(at=[0, 0, 90]), "T8: at must be three numbers"),
        (lambda d: d["markers"]["T8"].update(colour=1), "T8: expected bone"),
        (lambda d: d.update(hips=["thigh_l"]), "hips must name two bones"),
    ],
)
def test_a_map_that_is_wrong_is_one_line_that_says_where(tmp_path, change, says):
    from importlib.resources import files

    data = yaml.safe_load((files("synth") / "maps" / "ue5_manny.yaml").read_text())
    change(data)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=says) as caught:
        load_map(str(path))
    assert "\n" not in str(caught.value)


def test_an_unknown_map_names_those_that_are_known():
    with pytest.raises(InputError, match="exported, metahuman, spineforge, ue5_manny"):
        load_map("manequin")


def test_the_stand_in_body_is_closed_and_holds_what_a_body_holds():
    bones, _ = manny()
    markers, keypoints = BoneMarkers(load_map("ue5_manny"), bones).points(bones)
    vertices, triangles, parts = stand_in(markers, keypoints)
    assert set(parts) == set(range(1, 16))
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).all()
    inside = np.array(
        [(-0.05, 0, 1.0), (-0.05, 0, 1.2), (-0.06, 0, 1.4), (-0.03, 0, 1.52), (0, 0.1, 0.7), (0, 0, 1.66)]
    )
    outside = np.array([(-0.3, 0, 1.2), (0.4, 0, 1.2), (0, 0.4, 0.9), (0, 0, 0.3), (0, 0, 2.0)])
    assert (winding_number(inside, vertices, triangles) > 0.5).all()
    assert (winding_number(outside, vertices, triangles) < 0.5).all()


def test_the_stand_in_body_needs_all_of_its_points():
    from spinepose.errors import StageError

    bones, _ = manny()
    markers, keypoints = BoneMarkers(load_map("ue5_manny"), bones).points(bones)
    markers[MARKER_NAMES.index("T8")] = np.nan
    with pytest.raises(StageError, match="lacks points of the trunk"):
        stand_in(markers, keypoints)
