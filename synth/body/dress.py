"""Dress a body: skin, eyes, clothes and hair as layers that are drawn one over the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from opensim_models.markers import MARKER_NAMES
from spinepose.rng import rng_for
from synth.body import garment_skirt
from synth.body import garment_tape as tape
from synth.body.anatomy import Anatomy
from synth.body.asset import BodyAsset
from synth.body.cloth_textures import ROUGHNESS, cloth_texture, shoe_texture, skirt_texture
from synth.body.garment_charts import STRIP, Chart
from synth.body.garment_collars import make_collar
from synth.body.garment_cuts import is_open, waist_of
from synth.body.garment_folds import fold_heights
from synth.body.garment_form import Dummy, make_dummy
from synth.body.garment_seat import Fall
from synth.body.garment_sewing import Cloth3d, sew
from synth.body.garment_shapes import Shaped, over, shape_bottom, shape_top
from synth.body.garment_shoes import Shoes, make_shoes, make_socks
from synth.body.garment_tape import Landscape
from synth.body.head import eyes_layer, head_layers, skin_picture
from synth.body.layer import Layer
from synth.body.markers import SurfacePoints
from synth.body.patch import Patch, push_outside
from synth.body.spec import Cloth, SubjectSpec

_UNDER_DRESS_M = 0.13  # how far one can look up a dress
_ON_HIPS = (
    0.027  # how much lower trousers hang where no top covers the belly, share of stature [judged by eye]
)

Covers = Callable[[np.ndarray, np.ndarray], np.ndarray]
_TUCKED = {
    "shirt": 0.4,
    "tshirt": 0.2,
    "tank": 0.25,
    "long_sleeve": 0.2,
}  # share of tops worn inside the bottom


@dataclass(frozen=True)
class _Worn:
    """A finished garment: its name, mesh, picture, and what skin it hides.

    Attributes:
        covers: Metres inside its edges.
        margin_m: Skin this far inside is left out; nearer the edge it is pulled in.
        pull_m: How far it is pulled in.
        seat_m: What its vertices move by where both hips are bent, shape (N, 3).
        fall: How it falls where it leans.
    """

    name: str
    sewn: Cloth3d
    texture: np.ndarray
    roughness: float
    covers: Covers
    margin_m: float
    pull_m: float = 0.007
    seat_m: np.ndarray | None = None
    fall: Fall | None = None


def _landscape(
    spec: SubjectSpec, body: Patch, dummy: Dummy, joints_m: dict, anatomy: Anatomy, markers: SurfacePoints
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
        **tape.trunk_measures(dummy.points_m, dummy.weights, joints_m),
    )


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
    dummy = make_dummy(asset, vertices_m, body)
    land = _landscape(spec, body, dummy, joints_m, anatomy, markers)
    shoes = None if spec.shoes.kind == "barefoot" else make_shoes(spec.shoes, body, land)
    worn = _trunk_and_legs(spec, dummy, land, body, shoes)
    if shoes is not None:
        worn.append(_worn_shoes(spec, shoes, worn, dummy, land))
    layers = [
        _skin_layer(spec, asset, body, vertices_m, worn),
        eyes_layer(spec, asset, vertices_m, weights),
    ]
    for w in worn:
        patch = w.sewn.patch
        layers.append(
            Layer(
                w.name,
                patch,
                patch.triangles,
                w.sewn.corner_uvs,
                w.texture,
                w.roughness,
                seat_m=w.seat_m,
                fall=w.fall,
            )
        )
    return layers + head_layers(spec, asset, body, vertices_m, weights)


def tucked_in(spec: SubjectSpec) -> bool:
    """Whether the bottom goes over the top."""
    if spec.top.kind == "leotard":
        return True
    if spec.bottom.kind == "skirt" and spec.top.kind not in ("hoodie", "jacket", "sports_top"):
        return True
    chance = _TUCKED.get(spec.top.kind, 0.0) * float(spec.bottom.kind != "none")
    return bool(rng_for(spec.seed, "clothes", "tucked").random() < chance)


def _trunk_and_legs(
    spec: SubjectSpec, dummy: Dummy, land: Landscape, body: Patch, shoes: Shoes | None
) -> list[_Worn]:
    """Top, inner top, bottom and skirt, inner ones first."""
    if spec.top.kind == "none":
        return [_only_bottom(spec, dummy, land, shoes)]
    tucked = tucked_in(spec)
    top = shape_top(spec.top, dummy, land, rng_for(spec.seed, "clothes", "top"), tucked)
    inner = _inner_top(spec, top, dummy, land)
    bottom = None
    skirted = spec.bottom.kind == "skirt" or spec.top.kind == "dress"
    under = spec.bottom
    if spec.bottom.kind == "none" and spec.top.kind == "dress":
        under = replace(spec.top, kind="skirt", pattern="plain")
    if under.kind != "none":
        rng = rng_for(spec.seed, "clothes", "bottom")
        bottom = shape_bottom(under, dummy, land, rng, spec.shoes.kind == "barefoot")
        if tucked:
            top, bottom = over(top, bottom)
        else:
            if inner is not None:
                bottom, inner = over(bottom, inner)
                inner, top = over(inner, top)
            bottom, top = over(bottom, top)
    worn = []
    if bottom is not None:
        worn.append(_worn_bottom(spec, bottom, land, shoes))
    if inner is not None:
        worn.append(_worn_top(spec, inner, dummy, land, body, "inner"))
    outer = _worn_top(spec, top, dummy, land, body, "top")
    if skirted:
        skirt = _worn_skirt(spec, dummy, land, top, bottom, tucked)
        if not tucked and spec.top.kind != "dress":
            patch, fall = outer.sewn.patch, skirt.sewn.patch
            pushed = push_outside(patch, fall.vertices_m, fall.normals, 0.004, reach_m=0.03)
            outer = replace(outer, sewn=replace(outer.sewn, patch=pushed))
        if spec.bottom.kind not in ("none", "skirt"):
            # The crease of the hip swallows a dress; leggings deep under it would come out.
            worn[0] = replace(worn[0], sewn=_without_covered(worn[0].sewn, [skirt, outer], _UNDER_DRESS_M))
        worn.append(skirt)
    worn.append(outer)
    return worn


def _only_bottom(spec: SubjectSpec, dummy: Dummy, land: Landscape, shoes: Shoes | None) -> _Worn:
    """What a man with a bare chest wears; it hangs on his hips, below the navel."""
    low = replace(land, s1_height_m=land.s1_height_m - _ON_HIPS * land.stature_m)
    rng = rng_for(spec.seed, "clothes", "bottom")
    bottom = shape_bottom(spec.bottom, dummy, low, rng, spec.shoes.kind == "barefoot")
    return _worn_bottom(spec, bottom, low, shoes)


def _inner_top(spec: SubjectSpec, top: Shaped, dummy: Dummy, land: Landscape) -> Shaped | None:
    """The shirt that shows under an open jacket."""
    if not is_open(spec.top, top.style):
        return None
    shade = (226, 224, 218) if np.mean(spec.top.color) < 150 else (52, 54, 60)
    color = spec.top.color2 if spec.top.pattern == "plain" else shade
    shirt = Cloth("tshirt", "plain", color, shade, 0.35, 0.4, "cotton")
    return shape_top(shirt, dummy, land, rng_for(spec.seed, "clothes", "inner"), False)


def _worn_top(spec: SubjectSpec, top: Shaped, dummy: Dummy, land: Landscape, body: Patch, name: str) -> _Worn:
    sewn = sew(top.work)
    collar = make_collar(top, sewn, dummy, land, body)
    if collar is not None:
        sewn = sewn.joined(collar)
    texture = cloth_texture(top, land, rng_for(spec.seed, "texture", name))
    margin = 0.022 if top.cloth.fabric == "stretch" else 0.06
    return _Worn(name, sewn, texture, ROUGHNESS[top.cloth.fabric], top.work.cut.covers, margin)


def _worn_bottom(spec: SubjectSpec, bottom: Shaped, land: Landscape, shoes: Shoes | None) -> _Worn:
    sewn = sew(bottom.work)
    if shoes is not None and bottom.cloth.kind != "leggings":
        shoe = shoes.sewn.patch
        pushed = push_outside(sewn.patch, shoe.vertices_m, shoe.normals, 0.005, reach_m=0.025)
        sewn = replace(sewn, patch=pushed)
    lining = bottom.cloth.kind == "skirt"
    texture = cloth_texture(bottom, land, rng_for(spec.seed, "texture", "bottom"))
    name = "lining" if lining else "bottom"
    return _Worn(
        name, sewn, texture, ROUGHNESS[bottom.cloth.fabric], bottom.work.cut.hides, _leg_margin(bottom)
    )


def _leg_margin(bottom: Shaped) -> float:
    """How far one can look up a leg's end."""
    if bottom.cloth.kind == "shorts":
        return 0.12 if bottom.cloth.fabric == "stretch" else 0.22
    if bottom.cloth.kind in ("trousers", "jeans"):
        return 0.05 + 0.03 * bottom.cloth.looseness
    return 0.03


def _worn_skirt(
    spec: SubjectSpec, dummy: Dummy, land: Landscape, top: Shaped, bottom: Shaped | None, tucked: bool
) -> _Worn:
    """The fall of a skirt or of a dress."""
    of_dress = spec.top.kind == "dress"
    cloth = spec.top if of_dress else spec.bottom
    rng = rng_for(spec.seed, "clothes", "skirt")
    waist = land.waist_height_m + 0.012 if of_dress else waist_of(cloth, land)
    upper = dummy.points_m.copy()
    for shaped, counts in ((bottom, True), (top, tucked or of_dress)):
        if shaped is not None and counts:
            inside = shaped.work.inside_m > -0.01
            upper[inside] = (dummy.points_m + shaped.work.offset_m)[inside]
    sewn, seat, fall = garment_skirt.make_skirt(cloth, dummy, land, upper, waist, rng, not of_dress)
    hem = garment_skirt.hem_height(cloth, land)
    half = np.pi * 0.17 * land.stature_m / 1.7
    chart = Chart("skirt", (0.0, 2 * STRIP, 1.0, 1.0), (-half, half), (hem, waist))
    folds = 0.5 * fold_heights(rng, chart, cloth, land)
    seed = "top" if of_dress else "bottom"
    texture = skirt_texture(cloth, chart, folds, land, rng_for(spec.seed, "texture", seed))

    def covers(v: np.ndarray, w: np.ndarray) -> np.ndarray:
        return garment_skirt.covers(v, w, hem, waist)

    return _Worn(
        "bottom" if spec.bottom.kind in ("skirt", "none") else "skirt",
        sewn,
        texture,
        ROUGHNESS[cloth.fabric],
        covers,
        0.16,
        0.002,
        seat,
        fall,
    )


def _without_covered(sewn: Cloth3d, over: list[_Worn], depth_m: float) -> Cloth3d:
    """Leave out what lies deep under other garments."""
    patch = sewn.patch
    inside = np.stack([w.covers(patch.vertices_m, patch.weights) for w in over]).max(axis=0)
    deep: np.ndarray = inside > depth_m
    seen = np.flatnonzero(~deep[patch.triangles].all(axis=1))
    return Cloth3d(replace(patch, triangles=patch.triangles[seen]), sewn.corner_uvs[seen])


def _worn_shoes(spec: SubjectSpec, shoes: Shoes, worn: list[_Worn], dummy: Dummy, land: Landscape) -> _Worn:
    sewn = shoes.sewn
    if spec.shoes.kind == "sneakers":
        rise = (0.05 + 0.09 * spec.shoes.length**2) * land.stature_m / 1.7
        sewn = sewn.joined(make_socks(shoes, dummy, land, land.joints_m["ankle_l"][2] + rise))
    over_legs = [w for w in worn if w.name == "bottom" and spec.bottom.kind in ("trousers", "jeans")]
    if over_legs:
        sewn = _without_covered(sewn, over_legs, 0.025)
    texture = shoe_texture(spec.shoes, rng_for(spec.seed, "texture", "shoes"))
    return _Worn("shoes", sewn, texture, 0.55 if spec.shoes.kind != "sneakers" else 0.75, shoes.covers, 0.015)


def _skin_layer(
    spec: SubjectSpec, asset: BodyAsset, body: Patch, vertices_m: np.ndarray, worn: list[_Worn]
) -> Layer:
    """The skin: left out deep under cloth, pulled in where an edge is near.

    Pulled-in vertices are copies that follow the body's own: markers and keypoints keep theirs.
    """
    inside = np.stack([w.covers(body.vertices_m, body.weights) for w in worn])
    margins = np.array([w.margin_m for w in worn])[:, None]
    hidden = np.asarray((inside - margins).max(axis=0) > 0)
    deeper = np.clip(inside / 0.02, 0, 1) + 0.5 * np.clip((inside - 0.02) / 0.06, 0, 1)
    pull = (np.array([w.pull_m for w in worn])[:, None] * deeper).max(axis=0)
    triangles = body.triangles
    seen = np.flatnonzero(~hidden[triangles].all(axis=1))
    moved = np.flatnonzero(pull > 0)
    moved = moved[np.isin(moved, triangles[seen])]
    copy = np.arange(len(body.vertices_m))
    copy[moved] = len(copy) + np.arange(len(moved))
    drawn = copy[triangles[seen]].astype(np.int32)
    copied = drawn[(drawn >= len(body.vertices_m)).any(axis=1)]
    patch = Patch(
        np.concatenate([body.vertices_m, (body.vertices_m - pull[:, None] * body.normals)[moved]]),
        np.concatenate([body.weights, body.weights[moved]]),
        np.concatenate([triangles, copied]),
        np.concatenate([body.uvs, body.uvs[moved]]),
    )
    uv = asset.uvs[asset.triangle_uvs["body"]]
    return Layer("skin", patch, drawn, uv[seen], skin_picture(spec, asset, body, vertices_m), 0.55)
