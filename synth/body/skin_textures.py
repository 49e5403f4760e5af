"""Painted skin. Colours are sRGB; row 0 of a texture is v = 1."""

from __future__ import annotations

import cv2
import numba
import numpy as np
from scipy.ndimage import distance_transform_edt

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.hair_scalp import hairline_field, hairline_of
from synth.body.paint import mix, noise, ramp, to_image
from synth.body.spec import SubjectSpec

SKIN_SIZE = 1024


@numba.njit(cache=True)
def _paint_positions(
    uvs: np.ndarray, positions: np.ndarray, size: int, out: np.ndarray, hit: np.ndarray
) -> None:
    for f in range(uvs.shape[0]):
        x, y = uvs[f, :, 0] * size - 0.5, (1 - uvs[f, :, 1]) * size - 0.5
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        if area == 0:
            continue
        for r in range(max(int(np.ceil(y.min())), 0), min(int(np.floor(y.max())), size - 1) + 1):
            for c in range(max(int(np.ceil(x.min())), 0), min(int(np.floor(x.max())), size - 1) + 1):
                b = ((c - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (r - y[0])) / area
                d = ((x[1] - x[0]) * (r - y[0]) - (c - x[0]) * (y[1] - y[0])) / area
                if b < 0 or d < 0 or b + d > 1:
                    continue
                hit[r, c] = True
                for k in range(3):
                    out[r, c, k] = (
                        (1 - b - d) * positions[f, 0, k] + b * positions[f, 1, k] + d * positions[f, 2, k]
                    )


def position_map(asset: BodyAsset, body_m: np.ndarray, size: int = SKIN_SIZE) -> np.ndarray:
    """Where on the body each texel of the skin lies, metres, shape (size, size, 3); gaps take their neighbour's."""
    out, hit = np.zeros((size, size, 3), dtype=np.float32), np.zeros((size, size), dtype=np.bool_)
    triangles = asset.triangles["body"]
    _paint_positions(asset.uvs[asset.triangle_uvs["body"]].astype(float), body_m[triangles], size, out, hit)
    rows, columns = distance_transform_edt(~hit, return_distances=False, return_indices=True)
    return out[rows, columns]


def _enlarged(mask: np.ndarray, size: int) -> np.ndarray:
    """A UV mask at another size, 0 to 1."""
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_LINEAR).astype(np.float32) / 255


def skin_texture(
    spec: SubjectSpec, asset: BodyAsset, body_m: np.ndarray, head_centre_m: np.ndarray, scale: float
) -> np.ndarray:
    """Paint a person's skin: tone, blood, lips, brows, stubble, age spots, and the scalp under the hair.

    Args:
        spec: The person.
        asset: For texture coordinates and masks.
        body_m: Rest skin, shape (V, 3).
        head_centre_m: Middle of the head level with the eyes.
        scale: Size of the head relative to the average.

    Returns:
        sRGB, shape (1024, 1024, 3), uint8.
    """
    rng = rng_for(spec.seed, "texture", "skin")
    size = SKIN_SIZE
    tone = np.array(spec.skin, float)
    place = position_map(asset, body_m, size)
    p = (place - head_centre_m.astype(np.float32)) / np.float32(scale)
    image = np.broadcast_to(tone.astype(np.float32), (size, size, 3)).copy()
    image *= 1 + 0.025 * noise(rng, size, (40, 40))[..., None] + 0.015 * noise(rng, size, (3, 3))[..., None]
    blood = tone * (1.0, 0.78, 0.74)
    image = mix(image, blood, np.clip(0.16 * noise(rng, size, (14, 14)), 0, 0.3))
    spots = ramp(noise(rng, size, (2.2, 2.2)), 2.3, 3.0) * np.clip((spec.age_years - 35) / 45, 0, 1)
    image = mix(image, tone * 0.72, 0.5 * spots)
    image = _paint_face(image, p, spec, asset, rng)
    line = hairline_field(p, hairline_of(spec))
    near_head = p[..., 2] > -0.12
    cover = {"bald": 0.0, "buzz": 0.75}.get(spec.hair, 0.95)
    grain = 1.0 + (0.2 if spec.hair == "buzz" else 0.04) * noise(rng, size, (0.7, 0.7))
    ears = _enlarged(asset.masks["ears"], size)
    scalp = ramp(line, -0.004, 0.012) * near_head * np.clip(cover * grain, 0, 1) * (1 - ears)
    return to_image(mix(image, np.array(spec.hair_color, float), scalp))


def _paint_face(
    image: np.ndarray, p: np.ndarray, spec: SubjectSpec, asset: BodyAsset, rng: np.random.Generator
) -> np.ndarray:
    """Lips, eyelids, blood in cheeks, nose and ears, brows, stubble, nails. ``p`` is relative to the head's middle."""
    size = len(image)
    tone, hair = np.array(spec.skin, float), np.array(spec.hair_color, float)
    masks = {name: _enlarged(mask, size) for name, mask in asset.masks.items()}
    front = ramp(p[..., 0], 0.02, 0.05) * (np.abs(p[..., 2]) < 0.14)
    side = np.abs(p[..., 1])
    cheek = np.exp(-(((side - 0.036) / 0.017) ** 2) - ((p[..., 2] + 0.037) / 0.016) ** 2) * front
    nose = np.exp(-((side / 0.013) ** 2) - ((p[..., 2] + 0.042) / 0.012) ** 2) * front
    image = mix(image, tone * (1.0, 0.72, 0.68), 0.30 * cheek + 0.25 * nose + 0.2 * masks["ears"])
    image = mix(image, tone * (0.86, 0.55, 0.55), 0.75 * masks["lips"])
    image = mix(image, tone * (0.80, 0.68, 0.66), 0.45 * masks["eyelids"])
    image = mix(image, np.array([92.0, 40.0, 38.0]), masks["inside-mouth"])
    image = mix(
        image, tone * (1.04, 0.94, 0.92) + 8, 0.6 * np.maximum(masks["fingernails"], masks["toenails"])
    )
    if spec.sex == "male":
        amount = rng.uniform(0.0, 0.45)
        jaw = ramp(-p[..., 2], 0.052, 0.072) * ramp(p[..., 2], -0.135, -0.115) * ramp(p[..., 0], -0.005, 0.03)
        grain = np.clip(0.6 + 0.4 * noise(rng, size, (0.7, 0.7)), 0, 1)
        image = mix(image, 0.5 * tone + 0.5 * hair * 0.7, amount * jaw * grain * (1 - masks["lips"]))
    arch = 0.0205 + 0.004 * np.sin(np.clip((side - 0.012) / 0.042, 0, 1) * 2.4)
    thick = (0.0042 if spec.sex == "male" else 0.003) * (1.15 - 0.5 * np.clip((side - 0.012) / 0.045, 0, 1))
    brow = (
        np.exp(-(((p[..., 2] - arch) / thick) ** 2)) * ramp(side, 0.009, 0.016) * ramp(-side, -0.058, -0.048)
    )
    hairs = np.clip(0.8 + 0.3 * noise(rng, size, (1.2, 0.5)), 0, 1)
    return mix(image, 0.8 * hair, 0.85 * brow * front * hairs)
