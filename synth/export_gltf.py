"""An embedded person as glTF 2.0: skin, clothes, textures, motion, and the marker set as named nodes.

What a frame of the embedded world shows is baked: the fitted pose of every bone, the place over the ground and the curl
of the hands, so that another engine which plays the animation at a frame's time holds the very same person. Markers
lie on skin, not on one bone: they travel as nodes with baked positions, and are joints of the skin without weight, so
that engines which keep only the skeleton keep them too. Left out is what no joint can say: long hair that falls off
a bent back stays on it, and skirts keep their room round bent thighs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pygltflib as gltf
from scipy.optimize import nnls
from scipy.spatial.transform import Rotation

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError
from spinepose.files import atomic_path
from spinepose.skeleton import NAMES, SPINE_CHAIN
from synth.body.character import Character, MeshPart, PosedBody
from synth.body.geometry import vertex_normals
from synth.body.hands import CURLS, RELAXED
from synth.body.rig import BONES, VERTEBRAE
from synth.gltf_file import AXES, GltfFile, flipped_v, unit
from synth.motion.clip import Clip
from synth.world.clip_fit import ClipFit
from synth.world.clips import rest_clip

#: Influences a vertex keeps: two sets of four joints, what Unreal and most engines take.
INFLUENCES = 8
_FITTED_POSES = 40
_PARENTS = {
    "clavicle": "T3", "shoulder": "clavicle", "upper_arm_near": "clavicle", "upper_arm": "upper_arm_near",
    "forearm_near": "upper_arm", "forearm": "forearm_near", "hand": "forearm", "thigh_near": "sacrum",
    "thigh": "thigh_near", "shank_near": "thigh", "shank": "shank_near", "foot": "shank", "toes": "foot",
}  # fmt: skip
_HEADS = {
    "clavicle": "clavicle", "shoulder": "shoulder", "upper_arm_near": "shoulder", "upper_arm": "shoulder",
    "forearm_near": "elbow", "forearm": "elbow", "hand": "wrist", "thigh_near": "hip", "thigh": "hip",
    "shank_near": "knee", "shank": "knee", "foot": "ankle", "toes": "toe",
}  # fmt: skip
_TO_GLTF = np.eye(4)[[*AXES, 3]]
_PREFIXES = {"marker": MARKER_NAMES, "keypoint": NAMES, "authored": SPINE_CHAIN}


@dataclass(frozen=True)
class _Track:
    """One clip on one body, frame by frame.

    Attributes:
        name: Of the animation.
        fps: Frames a second.
        joints: Posed frames of ``BONES`` in glTF's axes, shape (T, B, 4, 4).
        moved: Transforms of ``BONES`` from rest, in the character frame, shape (T, B, 3, 4).
        points: ``marker_<name>`` and so on -> positions in glTF's axes, shape (T, 3).
        curl: Of the left and the right hand, shape (T, 2).
    """

    name: str
    fps: float
    joints: np.ndarray
    moved: np.ndarray
    points: dict[str, np.ndarray]
    curl: np.ndarray


def export_character(character: Character, clips: dict[str, Clip], path: Path) -> None:
    """Write a person with motions as one binary glTF file.

    Each clip is an animation of its name with a key at every frame. Metres and seconds; glTF's axes are x left, y up,
    z forward, and its origin is the character frame's.

    Args:
        character: Who.
        clips: The motions, by the names that the animations bear; at least one.
        path: The ``.glb`` file; replaced when complete.

    Raises:
        InputError: No clip is given.
    """
    if not clips:
        raise InputError("an exported character needs at least one clip")
    rest = _rest_joints(character)
    tracks = [_play(character, name, clip, rest) for name, clip in clips.items()]
    data = _Writer(character, rest, tracks).whole()
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def bone_parent(bone: str) -> str | None:
    """The bone that a bone hangs on; the sacrum hangs on none."""
    if bone in VERTEBRAE:
        index = VERTEBRAE.index(bone)
        return VERTEBRAE[index - 1] if index else None
    stem, side = bone.rsplit("_", 1)
    parent = _PARENTS[stem]
    return parent if parent in VERTEBRAE else f"{parent}_{side}"


def _rest_joints(character: Character) -> np.ndarray:
    """Where each bone is at rest and how it is turned, in glTF's axes, shape (B, 4, 4)."""
    skeleton = character.skeleton
    out = np.tile(np.eye(4), (len(BONES), 1, 1))
    out[: len(VERTEBRAE)] = skeleton.anatomy.rest_frames_m
    for index, bone in enumerate(BONES[len(VERTEBRAE) :], len(VERTEBRAE)):
        stem, side = bone.rsplit("_", 1)
        out[index, :3, 3] = skeleton.joints_m[f"{_HEADS[stem]}_{side}"]
    return _TO_GLTF @ out


def _play(character: Character, name: str, clip: Clip, rest: np.ndarray) -> _Track:
    """Every frame as the embedded world holds it."""
    fit = ClipFit(clip, character, rest_clip())
    posed = [fit.pose(frame) for frame in range(clip.num_frames)]
    moved = np.stack([[body.bones[bone] for bone in BONES] for body in posed])
    joints = _TO_GLTF @ moved @ _TO_GLTF.T @ rest
    points = {
        f"{prefix}_{point}": np.stack([_points(body, prefix)[index][AXES] for body in posed])
        for prefix, names in _PREFIXES.items()
        for index, point in enumerate(names)
    }
    known = {point: track for point, track in points.items() if np.isfinite(track).all()}
    curl = np.zeros((clip.num_frames, 2)) if clip.hand_curl is None else np.clip(clip.hand_curl, -1.0, 1.0)
    return _Track(name, clip.fps, joints, moved[:, :, :3], known, curl)


def _points(body: PosedBody, prefix: str) -> np.ndarray:
    return {
        "marker": body.markers_m,
        "keypoint": body.keypoints_m,
        "authored": body.authored_landmarks_m,
    }[prefix]


def curl_weights(curl: np.ndarray) -> np.ndarray:
    """Shares of the bent hands' shapes for a curl, which :class:`~synth.body.hands.HandShapes` mixes.

    Args:
        curl: -1 open to 1 gripping, shape (T,).

    Returns:
        Shape (T, 6): for each of ``CURLS`` but the relaxed one, which is the rest mesh.
    """
    shares = np.stack([np.interp(curl, CURLS, row) for row in np.eye(len(CURLS))], axis=-1)
    return np.delete(shares, RELAXED, axis=-1)


def fewer_influences(
    rest_m: np.ndarray, indices: np.ndarray, weights: np.ndarray, poses: np.ndarray, keep: int = INFLUENCES
) -> tuple[np.ndarray, np.ndarray]:
    """Fewer influences for each vertex, weighed anew so that it goes where all of them took it.

    Cutting the weakest off moves skin by up to 7 mm. Instead, the influence whose loss the others make up best is taken
    away, one after the other: least squares over the poses that are exported (as Hassibi and Stork 1993 prune nets).

    Args:
        rest_m: Vertices at rest, shape (V, 3).
        indices: Bones of each vertex, shape (V, K).
        weights: Their shares, shape (V, K).
        poses: Transforms of all bones from rest, shape (P, B, 3, 4).
        keep: How many may be left.

    Returns:
        Bones, shape (V, keep), uint8, and shares that add up to one, shape (V, keep), float32; without a share, bone 0.
    """
    order = np.argsort(-weights, axis=1, kind="stable")
    bones = np.take_along_axis(indices, order, axis=1)
    shares = np.take_along_axis(weights, order, axis=1).astype(float)
    out_bones, out = bones[:, :keep].copy(), shares[:, :keep].copy()
    many = np.flatnonzero((shares[:, keep:] > 0).any(axis=1))
    for start in range(0, len(many), 2000):
        rows = many[start : start + 2000]
        out_bones[rows], out[rows] = _pruned(rest_m[rows], bones[rows], shares[rows], poses, keep)
    out /= out.sum(axis=1, keepdims=True)
    return np.where(out > 0, out_bones, 0).astype(np.uint8), out.astype(np.float32)


def _pruned(
    rest_m: np.ndarray, bones: np.ndarray, shares: np.ndarray, poses: np.ndarray, keep: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bones and shares of some vertices, shape (V, keep), both; see :func:`fewer_influences`."""
    own = poses[:, bones]
    moved = np.einsum("pvkij,vj->vkpi", own[..., :3], rest_m) + own[..., 3].transpose(1, 2, 0, 3)
    moved -= rest_m[
        :, None, None
    ]  # how far each bone takes the vertex: better conditioned than where it goes
    columns = moved.reshape(*moved.shape[:2], -1)
    # One more equation for the sum: an error of one in it weighs as much as 10 m.
    columns = np.concatenate([columns, np.full((*columns.shape[:2], 1), 10.0)], axis=2)
    goal = np.einsum("vk,vkn->vn", shares, columns)
    while bones.shape[1] > keep:
        gram = columns @ columns.transpose(0, 2, 1) + 1e-9 * np.eye(bones.shape[1])
        inverse = np.linalg.inv(gram)
        shares = (inverse @ (columns @ goal[:, :, None]))[:, :, 0]
        cost = shares**2 / np.diagonal(inverse, axis1=1, axis2=2)
        left = np.argsort(cost, axis=1, kind="stable")[:, 1:]
        left.sort(axis=1)
        bones = np.take_along_axis(bones, left, axis=1)
        columns = np.take_along_axis(columns, left[:, :, None], axis=1)
    return bones, np.stack([nnls(c.T, g)[0] for c, g in zip(columns, goal, strict=True)])


class _Writer:
    """Builds the file: one node tree, one skin, two meshes (the skin with its hands' shapes, and all else)."""

    def __init__(self, character: Character, rest: np.ndarray, tracks: list[_Track]) -> None:
        self._character, self._rest, self._tracks = character, rest, tracks
        self._file = GltfFile()
        self._doc = self._file.doc
        self._joints, self._weights = self._influences()
        self._points = sorted(set.intersection(*(set(track.points) for track in tracks)))

    def _influences(self) -> tuple[np.ndarray, np.ndarray]:
        mesh = self._character.mesh
        poses = np.concatenate([track.moved for track in self._tracks])
        some = np.unique(np.linspace(0, len(poses) - 1, _FITTED_POSES).astype(int))
        joints, weights = fewer_influences(mesh.rest_m, mesh.bone_indices, mesh.bone_weights, poses[some])
        return (joints + 1) * (weights > 0).astype(np.uint8), weights  # the root is joint 0

    def whole(self) -> bytes:
        """The whole file."""
        joints = self._add_nodes()
        meshes = [self._add_mesh("skin", [0], morphs=True)]
        meshes += [self._add_mesh("outfit", list(range(1, len(self._character.parts))), morphs=False)]
        self._doc.skins = [
            gltf.Skin(
                name="person",
                joints=joints,
                skeleton=joints[0],
                inverseBindMatrices=self._file.array(self._inverse_binds(len(joints))),
            )
        ]
        first = len(self._doc.nodes)
        for mesh in meshes:
            self._doc.nodes.append(gltf.Node(name=self._doc.meshes[mesh].name, mesh=mesh, skin=0))
        self._doc.scenes = [gltf.Scene(name="person", nodes=[0, *range(first, first + len(meshes))])]
        self._doc.scene = 0
        for track in self._tracks:
            self._add_animation(track, first)
        return self._file.whole()

    def _add_nodes(self) -> list[int]:
        """The root, the bones and the points below it; answers the joints' nodes, in the skin's order."""
        root = gltf.Node(name="root", children=[], extras=self._about())
        self._doc.nodes = [root]
        node_of = {bone: 1 + index for index, bone in enumerate(BONES)}
        local = _in_parents(self._rest[None])[0]
        for bone, matrix in zip(BONES, local, strict=True):
            self._doc.nodes.append(
                gltf.Node(
                    name=bone,
                    children=[],
                    translation=matrix[:3, 3].tolist(),
                    rotation=Rotation.from_matrix(matrix[:3, :3]).as_quat().tolist(),
                )
            )
        for bone in BONES:
            parent = bone_parent(bone)
            owner = root if parent is None else self._doc.nodes[node_of[parent]]
            owner.children.append(node_of[bone])
        for name in self._points:
            place = self._tracks[0].points[name][0]
            root.children.append(len(self._doc.nodes))
            self._doc.nodes.append(gltf.Node(name=name, translation=place.tolist()))
        return list(range(len(self._doc.nodes)))

    def _about(self) -> dict[str, Any]:
        character = self._character
        return {
            "spineforge": 1,
            "subject": json.loads(character.spec.to_json()),
            "stature_m": round(character.stature_m, 6),
            "mass_kg": round(character.mass_kg, 6),
            "clips": [{"name": t.name, "fps": t.fps, "frames": len(t.joints)} for t in self._tracks],
        }

    def _inverse_binds(self, count: int) -> np.ndarray:
        """From the mesh to each joint at rest, column by column, shape (count, 16)."""
        binds = np.tile(np.eye(4), (count, 1, 1))
        binds[1 : 1 + len(BONES)] = np.linalg.inv(self._rest)
        return binds.transpose(0, 2, 1).reshape(count, 16).astype(np.float32)

    def _add_mesh(self, name: str, which: list[int], morphs: bool) -> int:
        mesh = gltf.Mesh(name=name, primitives=[])
        normals = vertex_normals(self._character.mesh.rest_m, self._character.mesh.triangles)
        for index in which:
            part = self._character.parts[index]
            mesh.primitives.append(self._primitive(part, normals, morphs))
        if morphs:
            mesh.weights = [0.0] * (2 * (len(CURLS) - 1))
            mesh.extras = {"targetNames": _target_names()}
        self._doc.meshes.append(mesh)
        return len(self._doc.meshes) - 1

    def _primitive(self, part: MeshPart, normals: np.ndarray, morphs: bool) -> gltf.Primitive:
        mesh = self._character.mesh
        source = mesh.render_source[part.vertices]
        joints, weights = self._joints[source], self._weights[source]
        vertex = gltf.ARRAY_BUFFER
        attributes = gltf.Attributes(
            POSITION=self._file.array(mesh.rest_m[source][:, AXES], vertex, bounds=True),
            NORMAL=self._file.array(unit(normals[source][:, AXES]), vertex),
            TEXCOORD_0=self._file.array(flipped_v(part.uv), vertex),
            JOINTS_0=self._file.array(joints[:, :4], vertex),
            JOINTS_1=self._file.array(joints[:, 4:], vertex),
            WEIGHTS_0=self._file.array(weights[:, :4], vertex),
            WEIGHTS_1=self._file.array(weights[:, 4:], vertex),
        )
        primitive = gltf.Primitive(
            attributes=attributes,
            indices=self._file.array(part.faces.astype(np.uint32).reshape(-1), gltf.ELEMENT_ARRAY_BUFFER),
            material=self._file.material(part.name, part.texture, part.roughness),
            mode=gltf.TRIANGLES,
        )
        if morphs:
            primitive.targets = [
                gltf.Attributes(POSITION=self._file.array(moved, vertex, bounds=True))
                for moved in self._hand_shapes(source)
            ]
        return primitive

    def _hand_shapes(self, source: np.ndarray) -> list[np.ndarray]:
        """How far each bent hand is from the relaxed one, in the order of :func:`_target_names`."""
        hands, rest = self._character.hands, self._character.mesh.rest_m
        out = []
        for vertices, shapes in zip(hands.vertices, hands.rest_m, strict=True):
            for index in range(len(CURLS)):
                if index != RELAXED:
                    moved = np.zeros_like(rest)
                    moved[vertices] = shapes[index] - rest[vertices]
                    out.append(moved[source][:, AXES].astype(np.float32))
        return out

    def _add_animation(self, track: _Track, skin_node: int) -> None:
        animation = gltf.Animation(name=track.name, channels=[], samplers=[])
        times = self._file.array((np.arange(len(track.joints)) / track.fps).astype(np.float32), bounds=True)

        def add(node: int, what: str, values: np.ndarray) -> None:
            animation.samplers.append(
                gltf.AnimationSampler(
                    input=times, output=self._file.array(values.astype(np.float32)), interpolation="LINEAR"
                )
            )
            target = gltf.AnimationChannelTarget(node=node, path=what)
            animation.channels.append(
                gltf.AnimationChannel(sampler=len(animation.samplers) - 1, target=target)
            )

        local = _in_parents(track.joints)
        for index in range(len(BONES)):
            add(1 + index, "translation", local[:, index, :3, 3])
            add(1 + index, "rotation", _steady(Rotation.from_matrix(local[:, index, :3, :3]).as_quat()))
        for index, name in enumerate(self._points, 1 + len(BONES)):
            add(index, "translation", track.points[name])
        weights = np.concatenate([curl_weights(curl) for curl in track.curl.T], axis=1)
        add(skin_node, "weights", weights.reshape(-1))
        self._doc.animations.append(animation)


def _target_names() -> list[str]:
    return [f"hand_{s}_{c:g}" for s in "lr" for i, c in enumerate(CURLS) if i != RELAXED]


def _in_parents(joints: np.ndarray) -> np.ndarray:
    """Frames of ``BONES`` in their parents', shape (T, B, 4, 4), both."""
    out = joints.copy()
    for index, bone in enumerate(BONES):
        parent = bone_parent(bone)
        if parent is not None:
            out[:, index] = np.linalg.inv(joints[:, BONES.index(parent)]) @ joints[:, index]
    return out


def _steady(quaternions: np.ndarray) -> np.ndarray:
    """Signs chosen so that neighbours are less than half a turn apart, shape (T, 4)."""
    flips = np.where((quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    return quaternions * np.concatenate([[1.0], np.cumprod(flips)])[:, None]
