"""All that sits on the head: eyes, hair, beard, brows, lashes, glasses, headwear."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.eye_textures import eye_texture
from synth.body.hair import hairline_field, make_hair
from synth.body.hair_textures import hair_texture
from synth.body.layer import Layer
from synth.body.patch import Patch, submesh
from synth.body.skin_textures import skin_texture
from synth.body.spec import SubjectSpec
from synth.body.unwrap import corner_uvs_of, eye_uvs, hair_uvs

_HEAD_M = 0.235  # average height of the head, chin to top, as the hairline's reference


def head_frame(asset: BodyAsset, vertices_m: np.ndarray) -> tuple[np.ndarray, float]:
    """Middle of the head level with the eyes, and the head's size relative to the average."""
    heads = asset.bone_heads_m(vertices_m)
    eye = (heads["eye.L"] + heads["eye.R"]) / 2
    top = vertices_m[: asset.num_body, 2].max()
    scale = (top - eye[2]) / (0.5 * _HEAD_M)
    return np.array([heads["head"][0] + 0.012, 0.0, eye[2]]), float(scale)


def skin_picture(spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray) -> np.ndarray:
    """The skin's texture, shape (1024, 1024, 3), uint8."""
    centre, scale = head_frame(asset, vertices_m)
    return skin_texture(spec, asset, body.vertices_m, centre, scale)


def eyes_layer(spec: SubjectSpec, asset: BodyAsset, vertices_m: np.ndarray, weights: np.ndarray) -> Layer:
    """Both eyeballs."""
    both = np.concatenate([asset.triangles["helper-l-eye"], asset.triangles["helper-r-eye"]])
    patch, _ = submesh(vertices_m, weights, both)
    uvs = eye_uvs(patch)
    return Layer("eyes", patch, patch.triangles, corner_uvs_of(patch, uvs), eye_texture(spec), 0.15)


def head_layers(
    spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray, weights: np.ndarray
) -> list[Layer]:
    """Hair, beard, brows, lashes, glasses and headwear; their names start with ``hair`` or ``head``.

    Args:
        spec: The person.
        asset: The baked body.
        body: The skin at rest.
        vertices_m: All vertices of the asset at rest, shape (V, 3).
        weights: Their bone weights, shape (V, 52).
    """
    centre, scale = head_frame(asset, vertices_m)
    heads = asset.bone_heads_m(vertices_m)
    on_head = (body.vertices_m[body.triangles][..., 2] > heads["head"][2] - 0.12).all(axis=1)
    line = hairline_field(body.vertices_m, centre, scale)
    on_head &= (line[body.triangles] > -0.03).any(axis=1)
    scalp, used = submesh(body.vertices_m, body.weights, body.triangles[on_head])
    hairless = np.isin(used, asset.hairless_vertices)
    rng = rng_for(spec.seed, "hair")
    pieces = make_hair(spec.hair, scalp, body, hairless, centre, scale, rng)
    texture = hair_texture(spec, rng_for(spec.seed, "texture", "hair"))
    return [
        Layer(f"hair_{i}", piece, piece.triangles, hair_uvs(piece, centre), texture, 0.5)
        for i, piece in enumerate(pieces)
    ]
