"""A dressed, rigged person: built once from a spec, posed in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from spinepose.errors import InputError
from synth.body.anatomy import Anatomy, build_anatomy
from synth.body.asset import BodyAsset, load_asset
from synth.body.asymmetry import asymmetry_of, make_unlike
from synth.body.dress import Layer, dress
from synth.body.garment_seat import Seat, sit
from synth.body.geometry import lowest_skinned, skin
from synth.body.hands import RELAXED, HandShapes, make_hands
from synth.body.joints import SIDES, rest_joints
from synth.body.keypoints import assemble_keypoints, find_surface_keypoints
from synth.body.markers import Prober, SurfacePoints, place_markers
from synth.body.parts import PARTS
from synth.body.patch import Patch
from synth.body.posed import BodyMesh, Moved, PosedBody
from synth.body.posing import Pose, Skeleton, make_skeleton, pose_skeleton
from synth.body.posture import height_lost_m
from synth.body.rig import BONE_INDEX, pack_weights, part_ids, rest_weights, skin_weights
from synth.body.shape import solve_shape
from synth.body.spec import SubjectSpec
from synth.motion.clip import Clip

_STRAIGHTER = (
    1.0045  # height of straight legs over that of the rest mesh, whose legs stand apart (60 subjects)
)
_MAX_SCALE = 0.006  # three times as much of the mass
_UV_STEPS = 2e4  # texture coordinates closer than this are one; a 1024 texture has 20 of them a texel


@dataclass(frozen=True)
class MeshPart:
    """One piece of a character, ready to draw (two-sided; texture coordinates repeat).

    Attributes:
        name: ``skin``, ``eyes``, ``top``, ``bottom``, ``shoes``, ``hair_0``, ...
        vertices: Where its vertices lie among the character's.
        faces: Triangles, counted from the slice's start, counter-clockwise from outside, shape (F, 3), int32.
        uv: Texture coordinates, v up, shape (N, 2), float32; beyond 0 to 1 the texture repeats.
        texture: sRGB, shape (H, W, 3), uint8; row 0 is v = 1.
        roughness: 0 is a mirror, 1 is chalk.
    """

    name: str
    vertices: slice
    faces: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    roughness: float

    @property
    def wrap(self) -> float:
        """How far light creeps round the shadow edge: skin scatters it."""
        return 0.25 if self.name == "skin" else 0.0


@dataclass(frozen=True)
class Character:
    """A person who can be posed; make one with :func:`build_character`.

    Attributes:
        spec: Who it is.
        stature_m: Standing height of the skin, without shoes.
        mass_kg: From the volume of the skin.
        parts: What is drawn.
        vertex_part_id: Body part of each render vertex (``synth.body.parts.PARTS``), shape (V,), uint8.
        hip_height_m: Standing height of the hip joint centres, shoes on: the unit of clips.
        skeleton: Joints at rest and the hidden anatomy.
        markers: The anatomical markers on the skin.
        surface_keypoints: Named points of the skin.
        hands: The fingers, open to gripping; they are among the first of the mesh's vertices.
    """

    spec: SubjectSpec
    stature_m: float
    mass_kg: float
    parts: list[MeshPart]
    vertex_part_id: np.ndarray
    hip_height_m: float
    standing_ankles_m: np.ndarray
    skeleton: Skeleton
    markers: SurfacePoints
    surface_keypoints: SurfacePoints
    hands: HandShapes
    mesh: BodyMesh

    @property
    def bmi(self) -> float:
        """Body mass index of the mesh, kg/m2."""
        return self.mass_kg / self.stature_m**2

    @property
    def anatomy(self) -> Anatomy:
        """The hidden anatomy: for truth and evaluation, never for the fit."""
        return self.skeleton.anatomy

    def pose(self, clip: Clip, frame_index: int) -> PosedBody:
        """Pose the character as one frame of a clip has it.

        Args:
            clip: The motion.
            frame_index: Which frame.

        Raises:
            InputError: The clip has no such frame.
        """
        if not 0 <= frame_index < clip.num_frames:
            raise InputError(
                f"clip {clip.name!r} has frames 0 to {clip.num_frames - 1}, asked for {frame_index}"
            )
        pose = pose_skeleton(
            self.skeleton,
            clip.pelvis_rotation[frame_index],
            clip.spine_rad[frame_index],
            clip.limb_rotations[frame_index],
        )
        rest, transforms = self._rest(pose, _curl_of(clip, frame_index)), pose.transforms.astype(np.float32)
        shift = self._placement(pose, clip.pelvis_position[frame_index], clip.anchor)
        ground = clip.clearance[frame_index] * self.hip_height_m
        shift[2] = ground - self._lowest(rest, transforms)
        moved = Moved(self.mesh, rest, transforms, shift, ground)
        return self._finish(pose.moved(shift), moved, self.anatomy.coupled(clip.spine_rad[frame_index]))

    def _rest(self, pose: Pose, curl: np.ndarray) -> np.ndarray:
        """The rest mesh with hands and skirts as the pose wants them."""
        mesh = self.mesh
        rest = self.hands.bent(mesh.rest_m, curl)
        return sit(rest, mesh.seats, pose.transforms, mesh.bone_indices, mesh.bone_weights)

    def _lowest(self, rest_m: np.ndarray, transforms: np.ndarray) -> float:
        mesh = self.mesh
        return float(lowest_skinned(rest_m, mesh.bone_indices, mesh.bone_weights, transforms, mesh.drawn))

    @cached_property
    def _probes(self) -> tuple[np.ndarray, SurfacePoints, SurfacePoints]:
        """The few vertices that markers and keypoints hang on, and both as points of those."""
        points = (self.markers, self.surface_keypoints)
        vertices, places = np.unique(np.concatenate([each.corners for each in points]), return_inverse=True)
        places = places.reshape(-1, 3)
        count = len(self.markers.corners)
        return (
            vertices,
            SurfacePoints(places[:count], self.markers.weights),
            SurfacePoints(places[count:], self.surface_keypoints.weights),
        )

    def _placement(self, pose: Pose, pelvis_position: np.ndarray, anchor: str) -> np.ndarray:
        """How far the pose moves over the ground, shape (3,); z is left at 0."""
        target = pelvis_position * self.hip_height_m
        if anchor == "feet":
            now = (pose.joints_m["ankle_l"] + pose.joints_m["ankle_r"]) / 2
            target = target + self.standing_ankles_m
        else:
            now = (pose.joints_m["hip_l"] + pose.joints_m["hip_r"]) / 2
        return np.array([target[0] - now[0], target[1] - now[1], 0.0])

    def _finish(self, pose: Pose, moved: Moved, coordinates: np.ndarray) -> PosedBody:
        among, markers, keypoints = self._probes
        vertices = moved.vertices_m(among)
        return PosedBody(
            markers_m=markers.positions_m(vertices),
            keypoints_m=assemble_keypoints(pose.joints_m, keypoints.positions_m(vertices)),
            authored_landmarks_m=self.anatomy.landmarks(pose.frames_m),
            vertebrae=pose.frames_m,
            coordinates_rad=np.array(coordinates, dtype=float),
            transforms=pose.transforms,
            mesh=self.mesh,
            moved=moved,
        )


def _curl_of(clip: Clip, frame_index: int) -> np.ndarray:
    """Curl of the left and the right hand, shape (2,)."""
    return np.zeros(2) if clip.hand_curl is None else clip.hand_curl[frame_index]


def build_character(spec: SubjectSpec, cache_dir: Path | None = None) -> Character:
    """Build a person: shape, hidden anatomy, markers, clothes, hair and textures.

    Args:
        spec: Who it is; the same spec gives the same character, bit for bit.
        cache_dir: Where the baked body lies; by default ``SPINEFORGE_CACHE`` or the checkout's ``.cache``.

    Raises:
        InputError: The body has not been baked ('make setup').
    """
    asset = load_asset(cache_dir)
    rigged = rig_body(asset, spec)
    vertices, skeleton, heads = rigged.vertices_m, rigged.skeleton, rigged.heads_m
    anatomy, joints = skeleton.anatomy, skeleton.joints_m
    body_vertices, triangles = vertices[: asset.num_body], asset.triangles["body"]
    weights = rigged.weights
    body = Patch(body_vertices, weights[: asset.num_body], triangles, np.zeros((asset.num_body, 2)))
    prober = Prober(body_vertices, triangles, part_ids(body.weights))
    eye_height = float((heads["eye.L"][2] + heads["eye.R"][2]) / 2)
    markers = place_markers(prober, joints, skeleton.align, anatomy, spec.stature_m, eye_height, spec.seed)
    layers = dress(spec, asset, vertices, weights, body, joints, anatomy, markers)
    points = _with_eyes(asset, prober, joints, anatomy, layers, eye_height)
    return _assemble(spec, rigged, markers, points, layers)


@dataclass(frozen=True)
class RiggedBody:
    """A body before it is dressed.

    Attributes:
        vertices_m: All vertices of the asset at rest, standing on z = 0, shape (V, 3).
        weights: Weights of our bones, shape (V, 52), float32.
        skeleton: Joints at rest, and the hidden anatomy.
        heads_m: Heads of the rig's bones at rest.
        hands: The fingers, open to gripping; at rest they are relaxed.
        stature_m: Height of the skin in quiet standing.
        mass_kg: From the volume of the skin at rest.
    """

    vertices_m: np.ndarray
    weights: np.ndarray
    skeleton: Skeleton
    heads_m: dict[str, np.ndarray]
    hands: HandShapes
    stature_m: float
    mass_kg: float


def rig_body(asset: BodyAsset, spec: SubjectSpec) -> RiggedBody:
    """Shape a body, put the skeleton inside and stand it up in its owner's posture.

    The stature is that of quiet standing. A guess of what the posture costs goes into the shape; what measuring shows
    to be left is scaled away, and where it is more than a few millimetres (which would change the mass) the shape is
    made again first.
    """
    lost = height_lost_m(spec.stature_m, spec.sex, spec.posture) / spec.stature_m
    stretch = (1.0 + lost) / _STRAIGHTER
    body = _stand_up(asset, spec, stretch)
    scale = spec.stature_m / _standing_height(asset, body)
    if abs(scale - 1) > _MAX_SCALE:
        body = _stand_up(asset, spec, stretch * scale)
        scale = spec.stature_m / _standing_height(asset, body)
    skeleton = body.skeleton.scaled(scale)
    vertices = body.vertices_m * scale
    heads = {name: scale * x for name, x in body.heads_m.items()}
    hands = make_hands(asset, vertices, heads, skeleton.align)
    for fingers, shapes in zip(hands.vertices, hands.rest_m, strict=True):
        vertices[fingers] = shapes[RELAXED]
    mass = body.mass_kg * scale**3
    return RiggedBody(vertices, body.weights, skeleton, heads, hands, spec.stature_m, mass)


@dataclass(frozen=True)
class _Stood:
    """A body and its skeleton before it is brought to size; fields as in :class:`RiggedBody`."""

    vertices_m: np.ndarray
    weights: np.ndarray
    skeleton: Skeleton
    heads_m: dict[str, np.ndarray]
    mass_kg: float


def _stand_up(asset: BodyAsset, spec: SubjectSpec, stretch: float) -> _Stood:
    """A body whose rest mesh is ``stretch`` times the stature high, in its owner's posture."""
    solved = solve_shape(asset, spec, stretch)
    own = asymmetry_of(spec.seed, spec.asymmetry)
    joints = rest_joints(asset, solved.vertices_m, spec.stature_m)
    heads = asset.bone_heads_m(solved.vertices_m)
    vertices, joints, hips = make_unlike(solved.vertices_m, joints, rest_weights(asset)[0], BONE_INDEX, own)
    anatomy = build_anatomy(
        spec,
        solved.bmi,
        vertices[: asset.num_body],
        asset.triangles["body"],
        float(hips["l"][2]),
        heads["neck01"][2],
        heads["head"][2],
    )
    longer = (joints["hip_l"] - hips["l"])[2] - (joints["hip_r"] - hips["r"])[2]
    obliquity = float(np.arcsin(longer / (hips["l"] - hips["r"])[1]))
    anatomy = anatomy.standing((hips["l"] + hips["r"]) / 2, spec.posture, obliquity)
    skeleton = make_skeleton(joints, anatomy, hips, own.girdle_rad)
    return _Stood(vertices, skin_weights(asset, vertices, anatomy), skeleton, heads, solved.mass_kg)


def _standing_height(asset: BodyAsset, body: _Stood) -> float:
    """Height of the skin in quiet standing, from the crown and the soles."""
    ends = asset.end_vertices
    pose = pose_skeleton(body.skeleton, np.eye(3), np.zeros(9), np.broadcast_to(np.eye(3), (16, 3, 3)))
    rest = body.vertices_m[ends].astype(np.float32)
    stood = skin(rest, *pack_weights(body.weights[ends]), pose.transforms.astype(np.float32))
    return float(np.ptp(stood[:, 2]))


@dataclass(frozen=True)
class Skin:
    """A person's closed skin without clothes, hair and textures: quick to build, for asking what is inside."""

    skeleton: Skeleton
    hands: HandShapes
    rest_m: np.ndarray
    bone_indices: np.ndarray
    bone_weights: np.ndarray
    triangles: np.ndarray
    part_id: np.ndarray

    def posed(self, clip: Clip, frame_index: int) -> tuple[np.ndarray, np.ndarray]:
        """The skin as one frame of a clip has it, before it is put on the ground.

        Returns:
            Vertices, shape (G, 3), and the left and the right hip joint centre, shape (2, 3), metres.
        """
        pose = pose_skeleton(
            self.skeleton,
            clip.pelvis_rotation[frame_index],
            clip.spine_rad[frame_index],
            clip.limb_rotations[frame_index],
        )
        transforms = pose.transforms.astype(np.float32)
        rest = self.hands.bent(self.rest_m, _curl_of(clip, frame_index))
        vertices = skin(rest, self.bone_indices, self.bone_weights, transforms)
        return vertices, np.stack([pose.joints_m["hip_l"], pose.joints_m["hip_r"]])


def build_skin(spec: SubjectSpec, cache_dir: Path | None = None) -> Skin:
    """Build the skin that :func:`build_character` dresses; needs a fraction of its time."""
    asset = load_asset(cache_dir)
    rigged = rig_body(asset, spec)
    weights = rigged.weights[: asset.num_body]
    indices, packed = pack_weights(weights)
    rest = rigged.vertices_m[: asset.num_body].astype(np.float32)
    return Skin(rigged.skeleton, rigged.hands, rest, indices, packed, asset.skin_triangles, part_ids(weights))


def _with_eyes(
    asset: BodyAsset, prober: Prober, joints: dict, anatomy: Anatomy, layers: list[Layer], eye_height: float
) -> SurfacePoints:
    """Surface keypoints; the eyes lie on the eyeballs, whose vertices follow the skin's."""
    eyes_layer = next(layer for layer in layers if layer.name == "eyes")
    offset = len(layers[0].patch.vertices_m)
    eyes = {}
    for side in SIDES:
        v = eyes_layer.patch.vertices_m
        own = np.flatnonzero((v[:, 1] > 0) == (side == "l"))
        front = own[np.argmax(v[own, 0])]
        eyes[side] = (np.array([front + offset] * 3), np.array([1.0, 0.0, 0.0]))
    return find_surface_keypoints(asset, prober, joints, anatomy, eyes, eye_height)


def _render_vertices(
    triangles: np.ndarray, corner_uvs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One render vertex for each pair of vertex and texture coordinate.

    Args:
        triangles: Shape (F, 3).
        corner_uvs: Texture coordinates of each corner, shape (F, 3, 2).

    Returns:
        Vertex of each render vertex (N,), its texture coordinate (N, 2) float32, and faces (F, 3) int32.
    """
    corners = triangles.reshape(-1).astype(np.int64)
    steps = np.round(corner_uvs.reshape(-1, 2) * _UV_STEPS).astype(np.int64)
    steps -= steps.min(axis=0, initial=0)
    width = steps.max(axis=0, initial=0) + 1
    key = (corners * width[0] + steps[:, 0]) * width[1] + steps[:, 1]
    _, first, local = np.unique(key, return_index=True, return_inverse=True)
    uv = corner_uvs.reshape(-1, 2)[first].astype(np.float32)
    return corners[first], uv, local.reshape(-1, 3).astype(np.int32)


def _assemble(
    spec: SubjectSpec,
    rigged: RiggedBody,
    markers: SurfacePoints,
    points: SurfacePoints,
    layers: list[Layer],
) -> Character:
    """Join the layers into one mesh. The skin is the first layer, the eyes the second."""
    offsets = np.cumsum([0] + [len(layer.patch.vertices_m) for layer in layers])
    parts, sources, drawn, first = [], [], [], 0
    for layer, offset in zip(layers, offsets[:-1], strict=True):
        vertex, uv, faces = _render_vertices(layer.drawn_triangles, layer.corner_uvs)
        count = len(vertex)
        parts.append(
            MeshPart(
                layer.name,
                slice(first, first + count),
                faces,
                uv,
                layer.texture,
                layer.roughness,
            )
        )
        sources.append(vertex + offset)
        if layer.fall is None:  # nobody stands on a skirt
            drawn.append(np.unique(vertex) + offset)
        first += count
    dense = np.concatenate([layer.patch.weights for layer in layers])
    indices, packed = pack_weights(dense)
    source = np.concatenate(sources)
    ids = part_ids(dense)
    for layer, offset in zip(layers, offsets[:-1], strict=True):
        if layer.name.startswith("hair"):  # long hair moves with the back, and hides it like a head does
            ids[offset : offset + len(layer.patch.vertices_m)] = PARTS["head"]
    mesh = BodyMesh(
        np.concatenate([layer.patch.vertices_m for layer in layers]).astype(np.float32),
        indices,
        packed,
        np.concatenate(
            [layer.patch.triangles + o for layer, o in zip(layers, offsets[:-1], strict=True)]
        ).astype(np.int32),
        source,
        np.concatenate(drawn),
        tuple(
            layer.swing.shifted(o)
            for layer, o in zip(layers, offsets[:-1], strict=True)
            if layer.swing is not None
        ),
        tuple(
            Seat(int(o), layer.seat_m.astype(np.float32), layer.fall)
            for layer, o in zip(layers, offsets[:-1], strict=True)
            if layer.seat_m is not None and layer.fall is not None
        ),
    )
    character = Character(
        spec,
        rigged.stature_m,
        rigged.mass_kg,
        parts,
        ids[source],
        1.0,
        np.zeros(3),
        rigged.skeleton,
        markers,
        points,
        rigged.hands,
        mesh,
    )
    return _standing(character)


def _standing(character: Character) -> Character:
    """Measure hip height and ankles in the T-pose."""
    eye = np.eye(3)
    pose = pose_skeleton(character.skeleton, eye, np.zeros(9), np.broadcast_to(eye, (16, 3, 3)))
    floor = character._lowest(character._rest(pose, np.zeros(2)), pose.transforms.astype(np.float32))
    hips = (pose.joints_m["hip_l"] + pose.joints_m["hip_r"]) / 2
    ankles = (pose.joints_m["ankle_l"] + pose.joints_m["ankle_r"]) / 2
    return replace(character, hip_height_m=float(hips[2] - floor), standing_ankles_m=ankles - hips)
