"""Dress a body: skin, eyes, clothes and hair as layers that are drawn one over the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opensim_models.markers import MARKER_NAMES
from spinepose.rng import rng_for
from synth.body import regions
from synth.body.anatomy import Anatomy
from synth.body.asset import BodyAsset
from synth.body.garments import Garment, make_bottom, make_shoes, make_top
from synth.body.head import eyes_layer, head_layers, skin_picture
from synth.body.layer import Layer
from synth.body.markers import SurfacePoints
from synth.body.patch import Patch, submesh
from synth.body.regions import Landscape
from synth.body.spec import SubjectSpec
from synth.body.textures import cloth_texture, shoe_texture
from synth.body.unwrap import cloth_uvs


def _landscape(
    spec: SubjectSpec, body: Patch, joints_m: dict, anatomy: Anatomy, markers: SurfacePoints
) -> Landscape:
    at = dict(zip(MARKER_NAMES, markers.positions_m(body.vertices_m), strict=True))
    v = body.vertices_m
    hip = joints_m["hip_l"][2]
    middle = (np.abs(v[:, 1]) < 0.006) & (v[:, 2] < hip + 0.02) & (v[:, 2] > 0.3 * spec.stature_m)
    neck = np.abs(v[:, 2] - at["C7"][2] - 0.035 * spec.stature_m) < 0.01
    return Landscape(
        joints_m,
        spec.stature_m,
        s1_height_m=float(anatomy.rest_frames_m[0, 2, 3]),
        nape_m=at["C7"],
        notch_m=at["CLAV"],
        crotch_height_m=float(v[middle, 2].min()),
        neck_half_width_m=float(np.abs(v[neck, 1]).max()),
    )


def _plain_kinds(spec: SubjectSpec) -> SubjectSpec:
    """Nearest kinds that can be sewn so far."""
    tops = {
        "tshirt": "tshirt",
        "dress": "tshirt",
        "tank": "tank",
        "singlet": "tank",
        "sports_top": "tank",
        "leotard": "tank",
    }
    bottoms = {"jeans": "trousers", "none": "skirt" if spec.top.kind == "dress" else "shorts"}
    shoes = {"flats": "sneakers", "barefoot": "sneakers"}
    return replace(
        spec,
        top=replace(spec.top, kind=tops.get(spec.top.kind, "long_sleeve")),
        bottom=replace(spec.bottom, kind=bottoms.get(spec.bottom.kind, spec.bottom.kind)),
        shoes=replace(spec.shoes, kind=shoes.get(spec.shoes.kind, spec.shoes.kind)),
    )


def _uncovered(patch: Patch, garments: list[Garment], margins: list[float]) -> np.ndarray:
    """Indices of the triangles that no garment hides."""
    hidden = np.zeros(len(patch.vertices_m), dtype=bool)
    for garment, margin in zip(garments, margins, strict=True):
        hidden |= garment.covers(patch.vertices_m, patch.weights) > margin
    return np.flatnonzero(~hidden[patch.triangles].all(axis=1))


def dress(
    spec: SubjectSpec,
    asset: BodyAsset,
    vertices_m: np.ndarray,
    weights: np.ndarray,
    body: Patch,
    joints_m: dict[str, np.ndarray],
    anatomy: Anatomy,
    markers: SurfacePoints,
) -> list[Layer]:
    """Make all layers of a person; the skin comes first, the eyes second.

    Args:
        spec: The person.
        asset: The baked body.
        vertices_m: All vertices of the asset at rest, shape (V, 3).
        weights: Their bone weights, shape (V, 52).
        body: The skin.
        joints_m: Rest joints.
        anatomy: For heights of waist and neck.
        markers: For nape and jugular notch.
    """
    land = _landscape(spec, body, joints_m, anatomy, markers)
    tights, _ = submesh(vertices_m, weights, asset.triangles["helper-tights"])
    skirt, _ = submesh(vertices_m, weights, asset.triangles["helper-skirt"])
    spec = _plain_kinds(spec)
    shoes = make_shoes(spec.shoes, tights, body, land)
    bottom = make_bottom(
        spec.bottom, tights, skirt, body, land, shoes.patch, rng_for(spec.seed, "folds", "bottom")
    )
    top = make_top(spec.top, tights, body, land, bottom.patch, rng_for(spec.seed, "folds", "top"))
    garments = [top, bottom, shoes]
    layers = [
        _skin_layer(spec, asset, body, vertices_m, garments),
        eyes_layer(spec, asset, vertices_m, weights),
    ]
    for garment in garments:
        over = [top] if garment is bottom else []
        layers.append(_cloth_layer(spec, garment, over, land))
    return layers + head_layers(spec, asset, body, vertices_m, weights)


def _skin_layer(
    spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray, garments: list[Garment]
) -> Layer:
    seen = _uncovered(body, garments, [g.hidden_margin_m for g in garments])
    uv = asset.uvs[asset.triangle_uvs["body"]]
    return Layer(
        "skin", body, body.triangles[seen], uv[seen], skin_picture(spec, asset, body, vertices_m), 0.55
    )


def _cloth_layer(spec: SubjectSpec, garment: Garment, over: list[Garment], land: Landscape) -> Layer:
    seen = _uncovered(garment.patch, over, [0.05] * len(over))
    rng = rng_for(spec.seed, "texture", garment.name)
    texture = (
        shoe_texture(garment.cloth, rng) if garment.name == "shoes" else cloth_texture(garment.cloth, rng)
    )
    uvs = cloth_uvs(
        garment.patch,
        land,
        regions.arm_share(garment.patch.weights),
        regions.leg_share(garment.patch.weights),
    )
    if garment.name == "shoes":
        low = garment.patch.vertices_m[:, 2] - garment.patch.vertices_m[:, 2].min()
        uvs = uvs.copy()
        uvs[..., 1] = np.clip(low[garment.patch.triangles] / 0.12, 0.01, 0.99)
    return Layer(garment.name, garment.patch, garment.patch.triangles[seen], uvs[seen], texture, 0.85)
