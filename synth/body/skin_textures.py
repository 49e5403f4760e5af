"""Painted skin: tone, blood, freckles, wrinkles, hair in the skin. Colours are sRGB; row 0 of a texture is v = 1.

Everything multiplies the tone, so a person's skin is one sum of masks in logarithms (see :mod:`synth.body.skin_masks`).
"""

from __future__ import annotations

import numba
import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.geometry import vertex_normals
from synth.body.hair_scalp import hairline_of, is_shaved, line_field
from synth.body.skin_bake import canvas_of
from synth.body.skin_masks import BODY_MASKS, HEAD_MASKS, SKIN_SIZE, Canvas
from synth.body.spec import SubjectSpec
from synth.ramp import ramp

_TABLE = np.exp(np.linspace(-3.0, 1.0, 4096)).astype(np.float32)


@numba.njit(cache=True, fastmath=True)
def _blend(
    masks: np.ndarray,
    num_head: int,
    num_body_masks: int,
    weights: np.ndarray,
    corners: np.ndarray,
    shares: np.ndarray,
    hollow: np.ndarray,
    hollow_weights: np.ndarray,
    tone: np.ndarray,
    table: np.ndarray,
    texels: np.ndarray,
    out: np.ndarray,
) -> None:
    for m in range(masks.shape[0]):
        h = (
            shares[m, 0] * hollow[corners[m, 0]]
            + shares[m, 1] * hollow[corners[m, 1]]
            + shares[m, 2] * hollow[corners[m, 2]]
        )
        r, g, b = h * hollow_weights[0], h * hollow_weights[1], h * hollow_weights[2]
        last = masks.shape[1] if m < num_head else num_body_masks
        for k in range(last):
            value = masks[m, k]
            if value != 0:
                r += value * weights[k, 0]
                g += value * weights[k, 1]
                b += value * weights[k, 2]
        t = texels[m]
        scale = (table.shape[0] - 1) / np.float32(4.0)
        for c, x in ((0, r), (1, g), (2, b)):
            i = int((x + np.float32(3.0)) * scale)
            i = min(max(i, 0), table.shape[0] - 1)
            value = tone[c] * table[i]
            # Bright skin nears white slowly.
            value = value if value < 200 else 200 + (value - 200) * np.float32(0.7)
            out[t, c] = np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))


def hollows(canvas: Canvas, body_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """How hollow the skin is at each vertex, about -1 (ridge) to 1 (groove), fine and broad together, shape (V,)."""
    v = body_m.astype(np.float32)
    normals = vertex_normals(v, triangles)
    total = np.zeros(len(v), dtype=np.float32)
    smooth = v
    for rounds, gain in ((2, 0.55), (6, 0.4), (12, 0.25)):
        for _ in range(rounds):
            smooth = canvas.neighbours @ smooth
        total += gain * np.einsum("vd,vd->v", smooth - v, normals) / np.maximum(canvas.edge_m, 0.006)
    total = canvas.neighbours @ (canvas.neighbours @ total)
    total -= np.median(total)  # skin is convex on the whole
    return np.clip(np.where(total < 0, 0.4 * total, total), -0.3, 0.8)


def _weights(spec: SubjectSpec, rng: np.random.Generator) -> np.ndarray:
    """Logarithmic weight of each mask on red, green and blue, shape (K, 3)."""
    tone = np.array(spec.skin, float)
    light = float(np.clip((tone.mean() - 60) / 130, 0, 1))  # 0 dark, 1 pale: blood shows through pale skin
    old = float(np.clip((spec.age_years - 35) / 40, 0, 1))
    man = spec.sex == "male"
    red = np.array([0.02, -0.30, -0.30]) * (0.35 + 0.65 * light)
    dark = np.array([-0.9, -1.0, -1.0])
    brown = np.array([-0.50, -0.62, -0.68])
    freckled = max(rng.normal(-0.2, 0.6), 0) * light
    ruddy = rng.uniform(0.4, 1.05)
    spotted = 0.04 + 0.32 * old * light
    lines = old**1.2 * rng.uniform(0.7, 1.2)
    areola = rng_for(spec.seed, "skin", "areola").uniform(0.5, 1.1)
    w: dict[str, np.ndarray] = {
        "mottle_a": rng.normal(0, 0.035) * np.array([0.6, 1, 1.2]) * 3,
        "mottle_b": rng.choice((-1, 1)) * 0.045 * np.array([0.7, 1, 1.1]),
        "mottle_c": rng.choice((-1, 1)) * (0.040 + 0.03 * old) * np.array([0.8, 1, 1]),
        "blood": ruddy * 0.28 * red,
        "grain": np.array([0.055, 0.07, 0.08]) * (1 + 0.4 * old),
        **{
            f"freckles_{k}": freckled * part * brown * 0.36
            for k, part in zip("ab", _shares(rng, 2), strict=True)
        },
        **{f"spots_{k}": spotted * part * brown for k, part in zip("abc", _shares(rng, 3), strict=True)},
        "joints": ruddy * 0.7 * red + np.array([-0.10, -0.13, -0.13]) * (1.2 - 0.7 * light),
        "hands": ruddy * 0.55 * red - 0.03,
        "sun": rng.uniform(0, 0.10) * np.array([-0.6, -1.0, -1.2]) * (0.3 + 0.7 * light),
        "body_hair": dark * (rng.uniform(0.05, 0.22) if man else 0.03) * (0.4 + 0.6 * light),
        "veins": np.array([-0.16, -0.07, -0.02]) * rng.uniform(0.1, 0.8) * (0.5 + 0.5 * old),
        "groove": dark * rng.uniform(0.08, 0.17),
        "ridge": np.array([0.05, 0.045, 0.04]),
        "nails": np.array([0.10, 0.02, 0.02]) + 0.12 * (1 - light),
        "areola": (np.array([-0.24, -0.46, -0.42]) if man else np.zeros(3)) * areola,
        "navel": 0.7 * dark,
        "cheeks": ruddy * 0.75 * red,
        "nose": ruddy * 0.80 * red * (1 + 0.5 * old),
        "ears": ruddy * 0.75 * red,
        "lips": np.array([-0.13, -0.40, -0.37]) * rng.uniform(0.45, 0.95) * (0.55 + 0.45 * light)
        - 0.10 * (1 - light),
        "mouth_line": dark * 0.85,
        "mouth": np.array([-0.9, -1.5, -1.5]),
        "eyelids": np.array([-0.13, -0.24, -0.22]) * rng.uniform(0.4, 1.0),
        "socket": np.array([-0.16, -0.19, -0.17]) * rng.uniform(0.5, 1.1),
        "bags": np.array([-0.10, -0.14, -0.10]) * rng.uniform(0.2, 1.0 + old),
        "rim": dark * (rng.uniform(0.25, 0.45) if man else rng.uniform(0.45, 0.95)),
        "nostrils": dark * 0.9,
        "forehead_lines": dark * (0.02 + 0.26 * lines),
        "eye_lines": dark * (0.03 + 0.26 * lines),
        "mouth_lines": dark * (0.05 + 0.20 * lines),
        "neck_lines": dark * (0.03 + 0.14 * lines),
        "pores": np.array([0.09, 0.11, 0.11]) * (0.7 + 0.6 * old),
    }
    if not man and rng.random() < 0.22:  # lipstick
        w["lips"] = np.array([rng.uniform(-0.25, -0.05), rng.uniform(-0.75, -0.5), rng.uniform(-0.6, -0.35)])
    return np.stack([w[name] for name in BODY_MASKS + HEAD_MASKS]) / 127


def _shares(rng: np.random.Generator, count: int) -> np.ndarray:
    """How much of each of a few shared patterns a person has: mostly one of them, shape (count,)."""
    shares = rng.random(count) ** 3
    return shares / shares.max()


def skin_texture(spec: SubjectSpec, asset: BodyAsset, body_m: np.ndarray) -> np.ndarray:
    """Paint a person's skin: tone, blood, freckles, wrinkles, lips, brows, stubble, and the scalp under the hair.

    Args:
        spec: The person.
        asset: For texture coordinates and masks.
        body_m: Rest skin, shape (V, 3).

    Returns:
        sRGB, shape (1024, 1024, 3), uint8.
    """
    canvas = canvas_of(asset)
    rng = rng_for(spec.seed, "texture", "skin")
    tone = np.array(spec.skin, np.float32)
    out = np.empty((SKIN_SIZE * SKIN_SIZE, 3), dtype=np.uint8)
    out[:] = np.round(tone)
    hollow = hollows(canvas, body_m, asset.triangles["body"])
    _blend(
        canvas.masks, canvas.num_head, len(BODY_MASKS), _weights(spec, rng).astype(np.float32), canvas.corners,
        canvas.shares, hollow, np.array([-0.30, -0.40, -0.42], np.float32), tone, _TABLE, canvas.texels, out,
    )  # fmt: skip
    _moles(out, canvas, tone, rng)
    _hair_in_skin(out, canvas, spec, rng)
    return out.reshape(SKIN_SIZE, SKIN_SIZE, 3)


def _moles(out: np.ndarray, canvas: Canvas, tone: np.ndarray, rng: np.random.Generator) -> None:
    """Dots of one to three texels."""
    count = rng.integers(6, 36)
    at = canvas.texels[rng.integers(0, len(canvas.texels), count)]
    for texel, size, dark in zip(at, rng.random(count), rng.uniform(0.45, 0.75, count), strict=True):
        around = [0] if size < 0.6 else [0, 1, SKIN_SIZE] if size < 0.9 else [0, 1, -1, SKIN_SIZE, -SKIN_SIZE]
        for step in around:
            i = min(max(texel + step, 0), len(out) - 1)
            out[i] = out[i] * (dark, dark * 0.85, dark * 0.8)


def _mix_at(out: np.ndarray, where: np.ndarray, color: np.ndarray, share: np.ndarray) -> None:
    some = share > 0.01
    at, part = where[some], share[some, None].astype(np.float32)
    out[at] = np.round(out[at] * (1 - part) + part * color.astype(np.float32)).astype(np.uint8)


def _hair_in_skin(out: np.ndarray, canvas: Canvas, spec: SubjectSpec, rng: np.random.Generator) -> None:
    """Scalp under the hair, brows, and the shadow of a beard."""
    hair, tone = np.array(spec.hair_color, float), np.array(spec.skin, float)
    where = canvas.texels[: canvas.num_head]
    field = line_field(canvas.azimuth_deg, canvas.p[:, 2], hairline_of(spec))
    cover = {"buzz": 0.80, "bald": 0.5}.get(spec.hair, 0.93)
    root = 0.75 * hair
    if is_shaved(spec):
        cover, root = (0.16 if spec.sex == "male" else 0.05), 0.55 * tone + 0.3 * hair
        field = line_field(canvas.azimuth_deg, canvas.p[:, 2], hairline_of(spec, whole=True))
    rugged = 0.0045 * canvas.grain
    scalp = ramp(field + rugged, -0.003, 0.014) * np.clip(cover * (1 + 0.12 * canvas.grain), 0, 0.97)
    _mix_at(out, where, root, scalp * (1 - canvas.hairless) * (canvas.p[:, 2] > -0.13))
    if spec.sex == "male":
        amount = {"none": rng.uniform(0.0, 0.22), "stubble": rng.uniform(0.35, 0.6)}.get(spec.beard, 0.12)
        shadow = canvas.beard * amount
        if spec.beard in ("full", "moustache"):
            shadow = np.maximum(shadow, 0.75 * (canvas.beard if spec.beard == "full" else canvas.moustache))
        speckle = np.clip(0.75 + 0.45 * canvas.grain, 0.1, 1.3)
        grown = spec.beard in ("full", "moustache")
        root = 0.10 * tone + 0.75 * hair if grown else 0.35 * tone * (0.9, 0.95, 1.0) + 0.5 * hair
        _mix_at(out, where, root, np.clip(shadow * (1.1 if grown else speckle), 0, 0.9))
    _mix_at(out, where, brow_color(spec), brow_share(canvas, spec))


def brow_color(spec: SubjectSpec) -> np.ndarray:
    """Brows are darker than the hair, and grey later, shape (3,)."""
    hair = np.array(spec.hair_color, float)
    grey = np.clip((hair.min() - 110) / 70, 0, 1)
    return hair * (0.72 - 0.12 * grey)


def brow_share(canvas: Canvas, spec: SubjectSpec) -> np.ndarray:
    """How much of each head texel is brow, shape (num_head,)."""
    rng = rng_for(spec.seed, "brows")
    s, z = np.abs(canvas.p[:, 1]), canvas.p[:, 2]
    t = np.clip((s - 0.012) / 0.038, 0, 1)
    lift, bend = rng.normal(0.0188, 0.0012), rng.uniform(0.0015, 0.0055)
    thick = (rng.uniform(0.0036, 0.0055) if spec.sex == "male" else rng.uniform(0.0024, 0.0038)) * (
        1.1 - 0.6 * t
    )
    middle = lift + bend * np.sin(np.pi * np.clip(t * 0.9, 0, 1)) - 0.004 * t**3
    inside = (
        np.exp(-(np.abs((z - middle) / thick) ** 2.5)) * ramp(s, 0.010, 0.017) * ramp(0.054 - s, 0, 0.010)
    )
    strokes = np.clip(0.85 + 0.30 * canvas.grain, 0.3, 1)
    return rng.uniform(0.65, 0.95) * inside * strokes * (canvas.p[:, 0] > 0.06)
