"""All that sits on the head: eyes, hair, beard, brows, lashes, glasses, headwear."""

from __future__ import annotations

import numpy as np

from synth.body.asset import BodyAsset
from synth.body.eye_textures import eye_texture
from synth.body.hair import make_hair
from synth.body.layer import Layer
from synth.body.patch import Patch, submesh
from synth.body.skin_textures import skin_texture
from synth.body.spec import SubjectSpec
from synth.body.unwrap import corner_uvs_of, eye_uvs


def skin_picture(spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray) -> np.ndarray:
    """The skin's texture, shape (1024, 1024, 3), uint8."""
    return skin_texture(spec, asset, body.vertices_m)


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
    return make_hair(spec, asset, body, vertices_m)
