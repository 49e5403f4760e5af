"""A world without GL and without bodies: the wire, the commands and the driver are tested against this."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from opensim_models.markers import MARKER_NAMES
from spinepose.skeleton import NAMES, SPINE_CHAIN, indices
from synth.camera import Camera, project, to_camera
from synth.motion.clip import save_clip
from synth.world.clips import rest_clip
from synth.world.meshes import Material, merge
from synth.world.place_types import Place, PlacedObject
from synth.world.server import serve, start_listening
from synth.world.solids import box
from synth.world.world import World

BOX_M = np.array([[x, y, z] for x in (-0.25, 0.25) for y in (-0.3, 0.3) for z in (0.0, 1.8)])

JOINTS = ("clavicle", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")
SKIN_BONES = (
    "clavicle",
    "upper_arm_near",
    "forearm_near",
    "hand",
    "thigh_near",
    "shank_near",
    "foot",
    "toes",
)


class StubBody:
    """A body that is a box; its root moves with the clip, and its landmarks are numbered points."""

    stature_m, mass_kg, bmi = 1.8, 75.0, 23.1
    parts = ()
    vertex_part_id = np.zeros(8, np.uint8)
    skeleton = SimpleNamespace(joints_m={f"{joint}_{side}": np.zeros(3) for joint in JOINTS for side in "lr"})

    def pose(self, clip, frame):
        root = np.array([clip.pelvis_position[frame, 0], 0.0, 0.0])
        hand = np.eye(4)
        hand[:3, 3] = root + np.array([0.1, 0.2, 1.0])
        vertebra = np.eye(4)
        vertebra[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]  # columns forward, up, right
        keypoints = root + np.arange(len(NAMES))[:, None] * [0.01, 0.02, 0.03]
        keypoints[indices(SPINE_CHAIN)] = np.nan
        return SimpleNamespace(
            vertices_m=BOX_M + root,
            normals=np.tile([0.0, 0.0, 1.0], (8, 1)),
            markers_m=root + np.arange(len(MARKER_NAMES))[:, None] * [0.001, 0.002, 0.003],
            keypoints_m=keypoints,
            bones={f"{bone}_{side}": hand for bone in SKIN_BONES for side in "lr"},
            vertebrae=np.tile(vertebra, (26, 1, 1)),
            authored_landmarks_m=root + np.arange(9)[:, None] * [0.0, 0.0, 0.1],
            coordinates_rad=np.arange(9) / 10,
        )


@dataclass
class StubRenderer:
    """Draws every visible thing as a square about its origin; counts what it was asked for."""

    calls: list[str] = field(default_factory=list)
    matrices: dict[str, np.ndarray] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def set_place(self, place):
        self.calls.append("set_place")
        self.matrices |= {item.name: item.matrix for item in place.objects}

    def set_light(self, light):
        self.calls.append("set_light")

    def upload_object(self, key, mesh):
        self.calls.append(f"upload_object {key}")

    def upload_character(self, key, parts, vertex_part_id):
        self.calls.append(f"upload_character {key}")

    def update_character(self, key, vertices_m, normals):
        self.calls.append(f"update_character {key}")

    def remove_character(self, key):
        self.calls.append(f"remove_character {key}")
        self.matrices.pop(key, None)

    def remove_object(self, key):
        self.matrices.pop(key, None)

    def set_object(self, key, model_matrix, visible=True):
        self.matrices[key] = model_matrix
        (self.hidden.discard if visible else self.hidden.add)(key)

    def render(self, camera: Camera, instance_ids):
        self.calls.append("render")
        shape = (camera.height, camera.width)
        depth, ids = np.full(shape, np.inf, np.float32), np.zeros(shape, np.uint16)
        for key, matrix in self.matrices.items():
            z = to_camera(camera, matrix[:3, 3])[2]
            if key in self.hidden or z <= 0:
                continue
            x, y = np.round(project(camera, matrix[:3, 3])).astype(int)
            where = (slice(max(y - 5, 0), max(y + 6, 0)), slice(max(x - 5, 0), max(x + 6, 0)))
            depth[where], ids[where] = z, instance_ids.get(key, 0)
        color = np.dstack([ids, ids * 7, ids * 13]).astype(np.uint8)
        normals = np.where((ids > 0)[..., None], np.float32([0, 1, 0]), np.float32(0))
        return SimpleNamespace(
            color=color, depth_m=depth, instance_id=ids, part_id=ids.astype(np.uint8), normal_world=normals
        )


def stub_place(rng):
    mesh = merge([box((1, 1, 1), Material(), center_m=(0, 0, 0.5))])
    matrix = np.eye(4)
    matrix[:3, 3] = 1.0, 2.0, 0.0
    return Place("stub", (PlacedObject("crate", mesh, matrix, movable=True, footprint_m=0.5),))


@pytest.fixture
def clips_dir(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    base = rest_clip()
    walk = replace(
        base,
        name="walk",
        fps=10.0,
        pelvis_position=np.array([[0.1 * t, 0, 1.0] for t in range(11)]),
        **{
            name: np.repeat(getattr(base, name), 11, axis=0)
            for name in ("pelvis_rotation", "spine_rad", "limb_rotations", "clearance")
        },
    )
    save_clip(walk, folder / "walk.npz")
    return folder


@pytest.fixture
def renderer():
    return StubRenderer()


@pytest.fixture
def world(renderer, clips_dir, tmp_path):
    return World(
        renderer, {"stub": stub_place}, clips_dir, tmp_path / "out", build=lambda spec: StubBody(), port=1
    )


@contextmanager
def listening(run):
    """Run ``run(listener)`` on a thread with a fresh loopback port; gives (host, port)."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    start_listening(listener)

    def quietly():
        with suppress(OSError):  # the listener was closed: the test is over
            run(listener)

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def address(world):
    """The stub world behind a real socket."""
    with listening(lambda listener: serve(listener, world.handle)) as found:
        yield found


@pytest.fixture
def listen_with():
    """For servers that misbehave: ``with listen_with(run) as (host, port)``."""
    return listening
