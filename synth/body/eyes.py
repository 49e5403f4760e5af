"""Eyes: eyeballs that look somewhere, lashes, and brows of short hairs."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.eye_textures import eye_texture, lash_texture
from synth.body.hair_scalp import head_frame, once_per_asset
from synth.body.hair_strands import make_cards, on_head, unit
from synth.body.hair_textures import tuft_texture
from synth.body.layer import Layer
from synth.body.patch import Patch, submesh
from synth.body.skin_bake import canvas_of
from synth.body.skin_textures import brow_color, brow_share
from synth.body.spec import SubjectSpec

_LASHES = tuple(f"helper-{side}-eyelashes-{k}" for side in "lr" for k in (1, 2))


def eyes_layer(spec: SubjectSpec, asset: BodyAsset, vertices_m: np.ndarray, weights: np.ndarray) -> Layer:
    """Both eyeballs; the texture is their view from the front, with the iris where the person looks."""
    both = np.concatenate([asset.triangles["helper-l-eye"], asset.triangles["helper-r-eye"]])
    patch, _ = submesh(vertices_m, weights, both)
    uvs = np.zeros((len(patch.vertices_m), 2))
    for left in (True, False):
        own = (patch.vertices_m[:, 1] > 0) == left
        v = patch.vertices_m[own]
        middle = (v.min(axis=0) + v.max(axis=0)) / 2
        radius = np.ptp(v[:, 2]) / 2
        flat = (v[:, 1:] - middle[1:]) / (2.2 * radius)
        # The back half must not show a second iris.
        uvs[own] = np.where((v[:, 0] > middle[0])[:, None], 0.5 + flat, 0.02)
    return Layer("eyes", patch, patch.triangles, uvs[patch.triangles], eye_texture(spec), 0.15)


@once_per_asset
def _lash_uvs(asset: BodyAsset) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of all lashes, and texture coordinates of their corners: v is 1 at the lid, (F, 3), (F, 3, 2)."""
    template = asset.template_m.astype(float)
    centre, scale = head_frame(asset, template)
    triangles = np.concatenate([asset.triangles[group] for group in _LASHES])
    p = (template[triangles] - centre) / scale
    s, z = np.abs(p[..., 1]), p[..., 2]
    upper = z.mean(axis=1, keepdims=True) > -0.0007
    # Distance from the edge of the lid, an oval around the eye's middle.
    out = (
        np.linalg.norm(np.stack([(p[..., 0] - 0.094) * 0.95, s - 0.031, z * 1.1], axis=-1), axis=-1) - 0.0135
    )
    out = np.where(upper, out / 0.0075, out / 0.0045)
    u = (s - 0.017) / 0.032
    return triangles, np.stack(
        [np.where(upper, 0.5 * u, 0.5 + 0.5 * u), 1 - np.clip(out, 0.02, 0.98)], axis=2
    )


def lash_layer(spec: SubjectSpec, asset: BodyAsset, vertices_m: np.ndarray, weights: np.ndarray) -> Layer:
    """Lashes, cut out by their texture."""
    triangles, uvs = _lash_uvs(asset)
    patch, _ = submesh(vertices_m, weights, triangles)
    return Layer("head_lashes", patch, patch.triangles, uvs, lash_texture(spec), 0.6)


def brow_layer(spec: SubjectSpec, asset: BodyAsset, body: Patch, scale: float) -> Layer:
    """Short hairs over the painted brows."""
    canvas = canvas_of(asset)
    rng = rng_for(spec.seed, "brow hairs")
    share, count = brow_share(canvas, spec), 150 if spec.sex == "male" else 120
    roots = np.flatnonzero(share > 0.3)
    # One hair in each equal piece of the brows, from one temple to the other: by chance alone they clot and leave gaps.
    roots = roots[np.argsort(canvas.p[roots, 1], kind="stable")]
    grown = np.cumsum(share[roots]) / share[roots].sum()
    picked = roots[np.searchsorted(grown, (np.arange(count) + rng.random(count)) / count)]
    p = canvas.p[picked].astype(float)
    side = np.where(p[:, 1] > 0, 1.0, -1.0)
    points = np.einsum("nk,nkd->nd", canvas.shares[picked], body.vertices_m[canvas.corners[picked]])
    normals = unit(np.einsum("nk,nkd->nd", canvas.shares[picked], body.normals[canvas.corners[picked]]))
    t = np.clip((np.abs(p[:, 1]) - 0.012) / 0.038, 0, 1)
    along = np.stack([-0.25 * t, side * (0.45 + 0.55 * t), 0.75 - 1.1 * t], axis=1) + rng.normal(
        0, 0.12, (count, 3)
    )
    along = unit(along - normals * np.einsum("nd,nd->n", along, normals)[:, None])
    length = scale * rng.uniform(0.006, 0.0105, count)[:, None] * (1.0 if spec.sex == "male" else 0.8)
    line = np.stack(
        [
            points + 0.0002 * normals - 0.2 * length * along,
            points + 0.0012 * scale * normals + 0.8 * length * along,
        ],
        axis=1,
    )
    cards = make_cards(
        line,
        np.repeat(normals[:, None], 2, axis=1),
        np.full((count, 2), 0.0015 * scale),
        np.zeros(count),
        1,
        rng.normal(0, 0.2, count),
    )
    color = tuple(int(c) for c in np.clip(0.7 * brow_color(spec) + 0.25 * np.array(spec.skin), 0, 255))
    return on_head("head_brows", cards, tuft_texture(color), 0.7)
