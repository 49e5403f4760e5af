"""Hairstyles by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.hair_long import bob, long
from synth.body.hair_pieces import Scene, make_scene
from synth.body.hair_short import afro, bare, buzz, curly, short
from synth.body.hair_tied import braid, bun, ponytail
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.spec import SubjectSpec

_STYLES: dict[str, Callable[[Scene, np.random.Generator], list[Layer]]] = {
    "short": short,
    "buzz": buzz,
    "bob": bob,
    "long": long,
    "bun": bun,
    "bald": bare,
    "ponytail": ponytail,
    "braid": braid,
    "curly": curly,
    "afro": afro,
}


def make_hair(spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray) -> list[Layer]:
    """Make the layers of a person's hair.

    Args:
        spec: The person.
        asset: The baked body.
        body: The skin at rest.
        vertices_m: All vertices of the asset at rest, shape (V, 3).
    """
    scene = make_scene(spec, asset, body, vertices_m)
    rng = rng_for(spec.seed, "hair")
    return _STYLES[spec.hair](scene, rng)
