"""Beards: cards of hair that grow from the jaw and over the mouth."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.hair_strands import Growth, Obstacle, grow, make_cards, on_head, unit
from synth.body.hair_textures import tuft_texture
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.skin_bake import canvas_of
from synth.body.spec import SubjectSpec

_STEPS = 3


def beard_color(spec: SubjectSpec) -> tuple[int, int, int]:
    """A little redder than the hair, and grey from the chin; where the head is shaved, too."""
    rng = rng_for(spec.seed, "beard color")
    color = np.array(spec.hair_color, float) * rng.uniform(0.75, 1.0) * np.array([1.06, 1.0, 0.95])
    color *= 1 - 0.22 * np.clip((color.min() - 90) / 80, 0, 1)  # white tips glare
    r, g, b = (int(c) for c in np.clip(color, 8, 235))
    return r, g, b


def beard_layers(
    spec: SubjectSpec, asset: BodyAsset, body: Patch, centre_m: np.ndarray, scale: float
) -> list[Layer]:
    """Make a moustache or a full beard; stubble is painted on the skin only.

    Args:
        spec: The person.
        asset: The baked body.
        body: The skin at rest.
        centre_m: Middle of the head level with the eyes.
        scale: Size of the head relative to the average.
    """
    if spec.beard not in ("moustache", "full"):
        return []
    canvas = canvas_of(asset)
    rng = rng_for(spec.seed, "beard")
    full = spec.beard == "full"
    region = canvas.beard if full else canvas.moustache
    length = float(
        rng.choice(
            [rng.uniform(0.008, 0.016), rng.uniform(0.016, 0.030), rng.uniform(0.03, 0.06)],
            p=(0.55, 0.33, 0.12),
        )
    )
    count = 270 if full else 70
    where = np.flatnonzero(region > 0.45)
    picked = np.sort(where[rng.choice(len(where), count)])
    p = canvas.p[picked].astype(float)
    corners, shares = canvas.corners[picked], canvas.shares[picked]
    points = np.einsum("nk,nkd->nd", shares, body.vertices_m[corners])
    normals = unit(np.einsum("nk,nkd->nd", shares, body.normals[corners]))
    moustache = canvas.moustache[picked] > 0.4
    sideburn = np.clip((p[:, 2] + 0.045) / 0.03, 0, 1)
    lengths = np.where(moustache, rng.uniform(0.010, 0.016), length * (1 - 0.65 * sideburn))
    lengths = scale * lengths * rng.uniform(0.75, 1.2, count)
    side = np.where(p[:, 1] > 0, 1.0, -1.0)
    comb = np.stack(
        [np.full(count, 0.12), side * np.where(moustache, 0.75, 0.06), np.full(count, -0.8)], axis=1
    )
    near = (body.vertices_m[:, 2] > centre_m[2] - 0.2 * scale) & (body.vertices_m[:, 0] > centre_m[0])
    near[asset.masked_vertices("inside-mouth")] = False
    gaps = scale * min(0.0022 + 0.10 * length, 0.006) * rng.uniform(0.4, 1.2, count)
    growth = Growth(lambda _: comb, np.linspace(0, 0.5, _STEPS), 0.40, 0.35, np.array([0.0, 0.0, -1.0]), 0.3)
    line, outward = grow(points, normals, lengths, gaps, _STEPS, growth, Obstacle(body, near))
    width = np.where(moustache, 0.005, 0.007)[:, None] * scale * np.array([0.9, 1.0, 0.8])
    cards = make_cards(line, outward, width, np.zeros(count), 1, rng.normal(0, 0.35, count))
    return [on_head("head_beard", cards, tuft_texture(beard_color(spec)), 0.65)]
