"""A person as glTF: what the file holds, skinned here by the specification alone, is the person of the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygltflib as gltf
import pytest
import trimesh
from scipy.spatial.transform import Rotation, Slerp

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.rng import rng_for
from synth.body.character import build_character
from synth.body.population import sample_subject
from synth.body.rig import BONES
from synth.export_gltf import bone_parent, curl_weights, export_character, fewer_influences
from synth.motion.procedural import MOTIONS
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip

_TYPES = {gltf.UNSIGNED_BYTE: np.uint8, gltf.UNSIGNED_INT: np.uint32, gltf.FLOAT: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Player:
    """Reads a file and poses it as glTF 2.0 says: morph targets first, then joints times inverse binds."""

    def __init__(self, path):
        self.doc = gltf.GLTF2().load(str(path))
        self.blob = self.doc.binary_blob()
        self.parents = {child: n for n, node in enumerate(self.doc.nodes) for child in node.children or []}

    def array(self, index):
        accessor = self.doc.accessors[index]
        view = self.doc.bufferViews[accessor.bufferView]
        width = _WIDTHS[accessor.type]
        return np.frombuffer(
            self.blob, _TYPES[accessor.componentType], accessor.count * width, view.byteOffset
        ).reshape(accessor.count, width)

    def at(self, time_s, animation=0):
        """World matrices of the nodes, and morph weights by node."""
        locals_ = [(n.translation or [0, 0, 0], n.rotation or [0, 0, 0, 1]) for n in self.doc.nodes]
        weights = {}
        moving = self.doc.animations[animation]
        for channel in moving.channels:
            sampler = moving.samplers[channel.sampler]
            times, values = self.array(sampler.input)[:, 0], self.array(sampler.output)
            node, what = channel.target.node, channel.target.path
            if what == "rotation":
                turned = Slerp(times, Rotation.from_quat(values))(np.clip(time_s, times[0], times[-1]))
                locals_[node] = (locals_[node][0], turned.as_quat())
            else:
                rows = values.reshape(len(times), -1)
                value = np.array([np.interp(time_s, times, column) for column in rows.T])
                if what == "weights":
                    weights[node] = value
                else:
                    locals_[node] = (value, locals_[node][1])
        matrices = [None] * len(locals_)

        def world(node):
            if matrices[node] is None:
                m = np.eye(4)
                m[:3, :3], m[:3, 3] = Rotation.from_quat(locals_[node][1]).as_matrix(), locals_[node][0]
                parent = self.parents.get(node)
                matrices[node] = m if parent is None else world(parent) @ m
            return matrices[node]

        return np.stack([world(node) for node in range(len(locals_))]), weights

    def skinned(self, time_s):
        """All vertices in the order of the primitives, and positions of the nodes by name."""
        world, weights = self.at(time_s)
        skin = self.doc.skins[0]
        binds = self.array(skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
        joints = world[skin.joints] @ binds
        out = []
        for number, node in enumerate(self.doc.nodes):
            for primitive in self.doc.meshes[node.mesh].primitives if node.mesh is not None else []:
                a = primitive.attributes
                rest = self.array(a.POSITION).astype(float)
                for target, share in zip(primitive.targets or [], weights.get(number, []), strict=True):
                    rest = rest + share * self.array(target["POSITION"])
                bones = np.hstack([self.array(a.JOINTS_0), self.array(a.JOINTS_1)])
                shares = np.hstack([self.array(a.WEIGHTS_0), self.array(a.WEIGHTS_1)])
                moved = np.einsum("vkij,vj->vki", joints[bones][..., :3, :3], rest)
                out.append(np.einsum("vk,vki->vi", shares, moved + joints[bones][..., :3, 3]))
        nodes = {node.name: world[n][:3, 3] for n, node in enumerate(self.doc.nodes)}
        return np.concatenate(out), nodes


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    character = build_character(sample_subject(rng_for(5, "subject", 0), "b00000"))
    clip = MOTIONS["stoop_lift"](rng_for(5, "clip", 0))  # bends the back, and the hands close
    path = tmp_path_factory.mktemp("gltf") / "person.glb"
    export_character(character, {"lift-00": clip}, path)
    return character, clip, path


def test_skinned_by_the_specification_it_is_the_person_of_the_world(exported):
    character, clip, path = exported
    player, fit = Player(path), ClipFit(clip, character, rest_clip())
    # Joints cannot say that hair falls off a bent back: in the file it stays there; all else is as in the world.
    stiff = ClipFit(clip, replace(character, mesh=replace(character.mesh, swings=())), rest_clip())
    falls = np.zeros(len(character.mesh.rest_m), bool)
    for swing in character.mesh.swings:
        falls[swing.rows] = True
    rest = ~falls[character.mesh.render_source]
    assert not rest.all(), "hair that hangs is wanted here"
    for frame in np.linspace(0, clip.num_frames - 1, 10).astype(int):
        vertices, nodes = player.skinned(frame / clip.fps)
        ours = fit.pose(frame)
        vertices = vertices[:, [2, 0, 1]]
        assert np.linalg.norm(vertices - ours.vertices_m, axis=1)[rest].max() < 1e-3
        assert np.linalg.norm(vertices - stiff.pose(frame).vertices_m, axis=1).max() < 1e-3
        for name, place in zip(MARKER_NAMES, ours.markers_m, strict=True):
            assert nodes[f"marker_{name}"][[2, 0, 1]] == pytest.approx(place, abs=1e-5)


def test_the_hands_close(exported):
    _, clip, path = exported
    assert np.ptp(clip.hand_curl) > 0.2  # else the test above proves nothing of them
    weights = Player(path).at(0.0)[1]
    assert len(weights) == 1
    assert len(next(iter(weights.values()))) == 12


def test_trimesh_opens_it_and_finds_the_body_upright(exported):
    character, _, path = exported
    scene = trimesh.load_scene(path)
    size = scene.extents
    assert size[1] == pytest.approx(character.stature_m, abs=0.2)  # y is up, shoes and hair included
    assert size[0] < size[1]
    assert size[2] < size[1]
    assert {f"marker_{name}" for name in MARKER_NAMES} <= set(scene.graph.nodes)


def test_animation_bears_the_name_asked_for_and_has_every_frame(exported):
    _, clip, path = exported
    doc = Player(path).doc
    assert [animation.name for animation in doc.animations] == ["lift-00"]
    times = Player(path).array(doc.animations[0].samplers[0].input)
    assert len(times) == clip.num_frames
    assert doc.nodes[0].extras["subject"]["subject_id"] == "b00000"


def test_fewer_influences_beat_cutting_off():
    rng = np.random.default_rng(0)
    rest = rng.normal(0, 0.1, (50, 3)) + np.array([0, 0, 1])
    angles = rng.uniform(-0.6, 0.6, (12, 1)) * np.linspace(0, 1, 10)  # a chain that bends, as a spine does
    poses = np.zeros((12, 10, 3, 4))
    poses[..., :3] = Rotation.from_euler("y", angles.reshape(-1, 1)).as_matrix().reshape(12, 10, 3, 3)
    indices = np.tile(np.arange(10, dtype=np.uint8), (50, 1))
    weights = rng.dirichlet(np.ones(10), 50).astype(np.float32)

    def place(bones, shares):
        return np.einsum("vk,pvki->pvi", shares, np.einsum("pvkij,vj->pvki", poses[:, bones][..., :3], rest))

    goal = place(indices, weights)
    kept = place(*fewer_influences(rest, indices, weights, poses))
    strongest = np.argsort(-weights, axis=1)[:, :8]
    cut = np.take_along_axis(weights, strongest, axis=1)
    worse = place(strongest, cut / cut.sum(axis=1, keepdims=True))
    assert np.abs(kept - goal).max() < 1e-3 < np.abs(worse - goal).max()


def test_few_influences_stay_as_they_are():
    indices, weights = np.array([[3, 1, 0, 0]], np.uint8), np.array([[0.25, 0.75, 0, 0]], np.float32)
    poses = np.tile(np.eye(3, 4), (2, 5, 1, 1))
    bones, shares = fewer_influences(np.ones((1, 3)), indices, weights, poses, keep=4)
    assert bones.tolist() == [[1, 3, 0, 0]]
    assert shares.tolist() == [[0.75, 0.25, 0, 0]]


def test_curl_mixes_its_two_neighbours_and_relaxed_is_the_mesh_itself():
    assert curl_weights(np.array([0.0])).tolist() == [[0, 0, 0, 0, 0, 0]]
    assert curl_weights(np.array([-0.5]))[0] == pytest.approx([0.5, 0, 0, 0, 0, 0])
    assert curl_weights(np.array([0.5]))[0] == pytest.approx([0, 0, 0.5, 0.5, 0, 0])


def test_every_bone_hangs_on_the_sacrum():
    for bone in BONES:
        seen = bone
        while bone_parent(seen) is not None:
            seen = bone_parent(seen)
        assert seen == "sacrum"


def test_without_a_clip_it_is_refused(exported, tmp_path):
    with pytest.raises(InputError, match="at least one clip"):
        export_character(exported[0], {}, tmp_path / "nobody.glb")
