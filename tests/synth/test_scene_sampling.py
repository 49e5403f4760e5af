from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.population import sample_subject
from synth.camera import project
from synth.footprint import disc_gap_m, footprint, inside_area, plan_gap_m
from synth.motion.clip import ClipProp
from synth.motion.procedural import MOTIONS, static_clip
from synth.motion.props import prop_discs
from synth.sampling import SceneParams, sample_scenes, split_subjects
from synth.sampling_cameras import CameraRanges, box_of, hidden_share, obstacles_of
from synth.scene import SceneSpec
from synth.world.meshes import Material, merge
from synth.world.places import Place, PlacedObject
from synth.world.solids import box

SUBJECTS = [sample_subject(rng_for(5, "subject", i), f"b{i:03d}") for i in range(8)]
CLIPS = {name: MOTIONS[name](rng_for(5, "clip", name)) for name in ("gait", "side_bend", "squat")}
PARAMS = SceneParams(
    scenes=12,
    frames_per_scene=4,
    places=("hall",),
    occluder_chance=1.0,
    block_scenes=3,
    people_weights=(2, 2, 1),
)


def hall(name="hall", seed=0):
    mesh = merge([box((0.6, 0.6, 1.0), Material(), center_m=(0, 0, 0.5))])

    def at(x, y):
        matrix = np.eye(4)
        matrix[:2, 3] = x, y
        return matrix

    things = (
        PlacedObject("pillar", mesh, at(0.0, 0.0), footprint_m=0.45),
        PlacedObject("crate", mesh, at(3.0, 3.0), movable=True, footprint_m=0.45),
    )
    return Place(name, things, free_area_m=(-2.5, -2.5, 2.5, 2.5), camera_area_m=(-6.0, -6.0, 6.0, 6.0))


@pytest.fixture(scope="module")
def scenes():
    return sample_scenes(3, PARAMS, SUBJECTS, CLIPS, place_maker=hall)


def bodies(scene):
    found = []
    for person in scene.persons:
        clip = CLIPS[person.clip]
        frames = np.array([clip.frame_at(person.time_s + time) for time in scene.times_s])
        body = footprint(clip, frames, person.subject.stature_m, person.subject.bmi)
        found.append(body.placed(person.x_m, person.y_m, person.yaw_rad))
    return found


def test_nobody_walks_through_anybody_or_anything(scenes):
    place = hall()
    met = 0
    for scene in scenes:
        people = bodies(scene)
        for index, body in enumerate(people):
            assert inside_area(body, place.free_area_m)
            assert disc_gap_m(body, 0.0, 0.0, 0.45) > 0
            for other in people[:index]:
                assert plan_gap_m(body, other) > 0
                met += 1
    assert met > 3


def test_people_are_in_the_picture_from_all_sides_within_the_asked_ranges(scenes):
    ranges = PARAMS.cameras
    whole, sizes = [], []
    sides = Counter()
    for scene in scenes:
        people = bodies(scene)
        for shot in scene.shots:
            camera = shot.camera.camera()
            focal_mm = 18.0 / np.tan(np.radians(shot.camera.fov_deg) / 2)
            assert ranges.focal_mm[0] - 0.01 <= focal_mm <= ranges.focal_mm[1] + 0.01
            assert ranges.height_m[0] <= shot.camera.position_m[2] <= ranges.height_m[1]
            subject = int(shot.frame_id[-2:]) % len(scene.persons)
            points = people[subject].points_m[shot.time_index]
            pixels = project(camera, points)
            inside = ((pixels >= 0) & (pixels <= [camera.width - 1, camera.height - 1])).all(axis=1).mean()
            assert inside >= 0.4
            whole.append(inside > 0.96)
            sizes.append(float(np.nanmax(np.ptp(pixels, axis=0))) / camera.height)
            middle = (points.min(0) + points.max(0)) / 2
            direction = np.array(shot.camera.position_m)[:2] - middle[:2]
            angle = np.degrees(np.arctan2(direction[1], direction[0]) - scene.persons[subject].yaw_rad) % 360
            sides[int((angle + 45) % 360 // 90)] += 1
    assert np.mean(whole) > 0.7
    assert min(sizes) < 0.45 < 0.9 < max(sizes)
    front, left, back, right = (sides[i] for i in range(4))
    assert min(front, back, left + right) > 0.2 * sum(sides.values()), sides


def test_an_occluder_hides_someone_a_little_and_nobody_wholly(scenes):
    moved = [scene for scene in scenes if scene.objects]
    assert len(moved) > len(scenes) / 2
    crate = hall().objects[1]
    for scene in moved:
        (item,) = scene.objects
        assert item.name == "crate"
        spot = np.array([item.x_m, item.y_m])
        people = bodies(scene)
        assert all(disc_gap_m(body, *spot, 0.45) > 0 for body in people)
        matrix = np.eye(4)
        matrix[:2, :2] = [
            [np.cos(item.yaw_rad), -np.sin(item.yaw_rad)],
            [np.sin(item.yaw_rad), np.cos(item.yaw_rad)],
        ]
        matrix[:2, 3] = spot
        box_m = box_of(crate, matrix)[None]
        hidden = []
        for shot in scene.shots:
            eye = np.array(shot.camera.position_m)
            assert np.linalg.norm(spot - eye[:2]) > 0.9
            hidden += [hidden_share(eye, body.points_m[shot.time_index], box_m) for body in people]
        assert 0.05 < max(hidden) < 0.65, f"{max(hidden):.2f} of someone is hidden"


def test_a_block_has_few_bodies_and_places_and_one_split(scenes):
    blocks = {}
    for scene in scenes:
        blocks.setdefault(scene.block, []).append(scene)
    assert len(blocks) > 2
    for members in blocks.values():
        assert len(members) <= PARAMS.block_scenes
        assert len({scene.split for scene in members}) == 1
        assert len({(scene.place, scene.place_seed) for scene in members}) <= PARAMS.block_places
        assert len({person.subject.subject_id for scene in members for person in scene.persons}) <= 3
    assert [scene.block for scene in scenes] == sorted(scene.block for scene in scenes)


def test_splits_share_no_place_and_no_clip_that_is_kept_apart():
    scenes = sample_scenes(3, PARAMS, SUBJECTS, CLIPS, ["gait"], hall)
    for kind in (lambda s: {(s.place, s.place_seed)}, lambda s: {p.clip for p in s.persons}):
        train, val = (
            set().union(*(kind(scene) for scene in scenes if scene.split == split))
            for split in ("train", "val")
        )
        assert train
        assert val
        assert not train & val


def test_of_four_photographs_one_is_validations():
    params = replace(PARAMS, places=("backdrop",), photos={"backdrop": 4})
    scenes = sample_scenes(3, params, SUBJECTS, CLIPS, place_maker=hall)
    assert {s.place_seed for s in scenes if s.split == "val"} == {3}
    assert {s.place_seed for s in scenes if s.split == "train"} <= {0, 1, 2}


def test_hidden_share_by_hand():
    box_m = np.array([[[0.9, -1, 0.0], [1.1, 1, 1.0]]])
    points = np.array([[2.0, 0, 0.5], [2.0, 0, 1.9], [0.5, 0, 0.5], [-1.0, 0, 0.5]])
    assert hidden_share(np.array([0.0, 0, 0.5]), points, box_m) == 0.25
    assert hidden_share(np.zeros(3), points, np.zeros((0, 2, 3))) == 0.0


def test_splits_never_share_a_body(scenes):
    bodies_of = {split: set() for split in ("train", "val")}
    for scene in scenes:
        bodies_of[scene.split] |= {person.subject.subject_id for person in scene.persons}
    assert bodies_of["train"]
    assert bodies_of["val"]
    assert not bodies_of["train"] & bodies_of["val"]


def test_no_body_twice_in_a_scene_and_all_are_used(scenes):
    for scene in scenes:
        ids = [person.subject.subject_id for person in scene.persons]
        assert len(set(ids)) == len(ids)
    used = {person.subject.subject_id for scene in scenes for person in scene.persons}
    assert used == {subject.subject_id for subject in SUBJECTS}
    assert {person.clip for scene in scenes for person in scene.persons} == set(CLIPS)


def test_the_same_seed_gives_the_same_scenes_and_another_gives_others(scenes):
    again = sample_scenes(3, PARAMS, SUBJECTS, CLIPS, place_maker=hall)
    assert [scene.to_json() for scene in again] == [scene.to_json() for scene in scenes]
    other = sample_scenes(4, PARAMS, SUBJECTS, CLIPS, place_maker=hall)
    assert not {scene.to_json() for scene in other} & {scene.to_json() for scene in scenes}


def test_scenes_survive_json_and_frames_are_complete(scenes):
    for scene in scenes:
        assert SceneSpec.from_json(scene.to_json()) == scene
        assert "\n" not in scene.to_json()
        frame, shot = scene.frames()[1], scene.shots[1]
        assert (frame.frame_id, frame.place, frame.objects) == (shot.frame_id, scene.place, scene.objects)
        started = [person.time_s for person in scene.persons]
        wanted = np.add(started, scene.times_s[shot.time_index])
        np.testing.assert_allclose([person.time_s for person in frame.persons], wanted, atol=1e-6)
    ids = [shot.frame_id for scene in scenes for shot in scene.shots]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"schema_version":9}', '{"schema_version":2,"scene_id":"s"}']
)
def test_json_that_is_no_scene(text):
    with pytest.raises(InputError):
        SceneSpec.from_json(text)


def test_a_clip_that_leaves_the_place_is_cut_shorter():
    clip = static_clip()
    run = replace(
        clip,
        pelvis_position=np.stack([np.linspace(0, 10, clip.num_frames), *clip.pelvis_position.T[1:]], axis=1),
    )
    params = replace(PARAMS, scenes=3, people_weights=(1.0,), piece_s=1.0)
    scenes = sample_scenes(0, params, SUBJECTS, {"run": run}, place_maker=hall)
    assert len(scenes) == 3
    assert all(1 < len(scene.times_s) < 10 for scene in scenes)


def test_what_cannot_fit_is_said():
    tiny = replace(hall(), free_area_m=(-0.1, -0.1, 0.1, 0.1))
    with pytest.raises(InputError, match="fit into the places"):
        sample_scenes(0, replace(PARAMS, scenes=2), SUBJECTS, CLIPS, place_maker=lambda name, seed: tiny)
    far = replace(PARAMS, scenes=2, cameras=CameraRanges(distance_m=(50.0, 60.0)))
    with pytest.raises(InputError, match="camera distances"):
        sample_scenes(0, far, SUBJECTS, CLIPS, place_maker=hall)
    with pytest.raises(InputError, match="at least one"):
        sample_scenes(0, PARAMS, [], CLIPS, place_maker=hall)


def test_obstacles_are_the_things_of_middling_size():
    place = hall()
    ground = PlacedObject("ground", merge([box((40, 40, 0.1))]), np.eye(4))
    boxes = obstacles_of(replace(place, objects=(*place.objects, ground)))
    np.testing.assert_allclose(boxes[0], [[-0.3, -0.3, 0], [0.3, 0.3, 1]], atol=1e-6)
    assert len(boxes) == 2


@pytest.mark.parametrize(
    ("count", "fraction", "val"), [(8, 0.25, 2), (2, 0.01, 1), (2, 0.99, 1), (1, 0.5, 0), (4, 0.0, 0)]
)
def test_split_sizes(count, fraction, val):
    names = [f"b{i}" for i in range(count)]
    splits = split_subjects(0, names, fraction)
    assert sorted(splits) == names
    assert Counter(splits.values())["val"] == val
    assert splits == split_subjects(0, names[::-1], fraction)


def test_things_of_a_motion_keep_their_distance():
    clip = static_clip()
    seated = replace(clip, props=(ClipProp("desk", position=(0.8, 0.0, 0.0)),))
    plain, desk = (footprint(c, np.array([0]), 1.75, 23.0) for c in (clip, seated))
    assert desk.discs_m.shape == (len(prop_discs(seated)), 3)
    ahead = desk.placed(1.0, 2.0, np.pi / 2)  # the desk stands towards +y
    assert (
        disc_gap_m(ahead, 1.0, 2.0 + 0.8 * 0.53 * 1.75, 0.1)
        < 0
        < disc_gap_m(plain.placed(1, 2, 1.57), 1.0, 3.3, 0.1)
    )
    other = plain.placed(1.0, 2.9, 0.0)
    assert plan_gap_m(ahead, other) < 0
    assert plan_gap_m(other, ahead) == plan_gap_m(ahead, other)
    assert not inside_area(ahead, (0.0, 0.0, 2.0, 2.6))
    assert inside_area(plain.placed(1.0, 2.0, np.pi / 2), (0.0, 0.0, 2.0, 2.6))
