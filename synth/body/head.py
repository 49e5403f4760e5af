"""All that sits on the head: eyes, hair, beard, brows, lashes, glasses, headwear."""

from __future__ import annotations

import numpy as np

from synth.body.asset import BodyAsset
from synth.body.eyes import brow_layer, eyes_layer, lash_layer
from synth.body.hair import make_hair
from synth.body.hair_scalp import HeadPlace, head_frame, skull_vertices
from synth.body.head_beard import beard_layers
from synth.body.head_glasses import glasses_layers
from synth.body.head_wear import Dome, headwear_layers, under_wear
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.skin_textures import skin_texture
from synth.body.spec import SubjectSpec

__all__ = ["eyes_layer", "head_layers", "skin_picture"]


def skin_picture(spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray) -> np.ndarray:
    """The skin's texture, shape (1024, 1024, 3), uint8."""
    return skin_texture(spec, asset, body.vertices_m)


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
    head = HeadPlace(*head_frame(asset, vertices_m))
    layers = make_hair(spec, asset, body, vertices_m)
    if spec.headwear != "none":
        dome = Dome(spec.headwear, head.local(body.vertices_m[skull_vertices(asset)]))
        layers = under_wear(layers, dome, head) + headwear_layers(spec, dome, head)
    layers.append(lash_layer(spec, asset, vertices_m, weights))
    layers.append(brow_layer(spec, asset, body, head.scale))
    layers += beard_layers(spec, asset, body, head.centre_m, head.scale)
    if spec.glasses:
        layers += glasses_layers(spec, asset, body, head)
    return layers
