"""Painted textures: skin, eyes, cloth, shoes, hair. Plain functions of a spec and a generator.

Colours are sRGB; row 0 of a texture is v = 1. Cloth, shoes and hair repeat without a seam.
"""

from __future__ import annotations

import cv2
import numba
import numpy as np
from scipy.ndimage import distance_transform_edt

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.hair import hairline_field
from synth.body.spec import Cloth, SubjectSpec

SKIN_SIZE = 1024
CLOTH_SIZE = 512
HAIR_SIZE = 256
EYE_SIZE = 128


def _noise(rng: np.random.Generator, size: int, sigma: tuple[float, float]) -> np.ndarray:
    """Smooth noise that repeats, mean 0 and SD 1, shape (size, size), float32; sigma in texels along rows and columns.

    Coarse noise is made small and enlarged: a wide blur of a large picture took most of a character's building.
    """
    coarse = 1
    while min(sigma) / coarse >= 6 and size // coarse > 32:
        coarse *= 2
    small = size // coarse
    rows, columns = (max(s / coarse, 0.3) for s in sigma)
    pad = min(int(3 * max(rows, columns)) + 2, small)
    field: np.ndarray = np.pad(rng.standard_normal((small, small), dtype=np.float32), pad, mode="wrap")
    field = cv2.GaussianBlur(field, (0, 0), sigmaX=columns, sigmaY=rows)
    if coarse > 1:
        field = cv2.resize(field, None, fx=coarse, fy=coarse, interpolation=cv2.INTER_CUBIC)
    field = field[pad * coarse : pad * coarse + size, pad * coarse : pad * coarse + size]
    return (field - field.mean()) / field.std()


def _to_image(color: np.ndarray) -> np.ndarray:
    return np.clip(np.round(color), 0, 255).astype(np.uint8)


def _mix(image: np.ndarray, color: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.astype(np.float32)[..., None]
    return image + share * (np.asarray(color, dtype=np.float32) - image)


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 at ``low``, 1 at ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


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
    image *= 1 + 0.025 * _noise(rng, size, (40, 40))[..., None] + 0.015 * _noise(rng, size, (3, 3))[..., None]
    blood = tone * (1.0, 0.78, 0.74)
    image = _mix(image, blood, np.clip(0.16 * _noise(rng, size, (14, 14)), 0, 0.3))
    spots = _ramp(_noise(rng, size, (2.2, 2.2)), 2.3, 3.0) * np.clip((spec.age_years - 35) / 45, 0, 1)
    image = _mix(image, tone * 0.72, 0.5 * spots)
    image = _paint_face(image, p, spec, asset, rng)
    line = hairline_field(place, head_centre_m, scale)
    near_head = p[..., 2] > -0.12
    cover = {"bald": 0.0, "buzz": 0.75}.get(spec.hair, 0.95)
    grain = 1.0 + (0.2 if spec.hair == "buzz" else 0.04) * _noise(rng, size, (0.7, 0.7))
    ears = _enlarged(asset.masks["ears"], size)
    scalp = _ramp(line / scale, -0.004, 0.012) * near_head * np.clip(cover * grain, 0, 1) * (1 - ears)
    return _to_image(_mix(image, np.array(spec.hair_color, float), scalp))


def _paint_face(
    image: np.ndarray, p: np.ndarray, spec: SubjectSpec, asset: BodyAsset, rng: np.random.Generator
) -> np.ndarray:
    """Lips, eyelids, blood in cheeks, nose and ears, brows, stubble, nails. ``p`` is relative to the head's middle."""
    size = len(image)
    tone, hair = np.array(spec.skin, float), np.array(spec.hair_color, float)
    masks = {name: _enlarged(mask, size) for name, mask in asset.masks.items()}
    front = _ramp(p[..., 0], 0.02, 0.05) * (np.abs(p[..., 2]) < 0.14)
    side = np.abs(p[..., 1])
    cheek = np.exp(-(((side - 0.036) / 0.017) ** 2) - ((p[..., 2] + 0.037) / 0.016) ** 2) * front
    nose = np.exp(-((side / 0.013) ** 2) - ((p[..., 2] + 0.042) / 0.012) ** 2) * front
    image = _mix(image, tone * (1.0, 0.72, 0.68), 0.30 * cheek + 0.25 * nose + 0.2 * masks["ears"])
    image = _mix(image, tone * (0.86, 0.55, 0.55), 0.75 * masks["lips"])
    image = _mix(image, tone * (0.80, 0.68, 0.66), 0.45 * masks["eyelids"])
    image = _mix(image, np.array([92.0, 40.0, 38.0]), masks["inside-mouth"])
    image = _mix(
        image, tone * (1.04, 0.94, 0.92) + 8, 0.6 * np.maximum(masks["fingernails"], masks["toenails"])
    )
    if spec.sex == "male":
        amount = rng.uniform(0.0, 0.45)
        jaw = (
            _ramp(-p[..., 2], 0.052, 0.072)
            * _ramp(p[..., 2], -0.135, -0.115)
            * _ramp(p[..., 0], -0.005, 0.03)
        )
        grain = np.clip(0.6 + 0.4 * _noise(rng, size, (0.7, 0.7)), 0, 1)
        image = _mix(image, 0.5 * tone + 0.5 * hair * 0.7, amount * jaw * grain * (1 - masks["lips"]))
    arch = 0.0205 + 0.004 * np.sin(np.clip((side - 0.012) / 0.042, 0, 1) * 2.4)
    thick = (0.0042 if spec.sex == "male" else 0.003) * (1.15 - 0.5 * np.clip((side - 0.012) / 0.045, 0, 1))
    brow = (
        np.exp(-(((p[..., 2] - arch) / thick) ** 2))
        * _ramp(side, 0.009, 0.016)
        * _ramp(-side, -0.058, -0.048)
    )
    hairs = np.clip(0.8 + 0.3 * _noise(rng, size, (1.2, 0.5)), 0, 1)
    return _mix(image, 0.8 * hair, 0.85 * brow * front * hairs)


def eye_texture(spec: SubjectSpec) -> np.ndarray:
    """Paint an eyeball seen from the front: the iris in the middle, its rim dark, the white reddish at the sides."""
    size = EYE_SIZE
    rng = rng_for(spec.seed, "texture", "eye")
    y, x = np.mgrid[:size, :size] / (size - 1) - 0.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    image = np.broadcast_to(np.array([228.0, 222.0, 216.0]), (size, size, 3)).copy()
    image = _mix(image, np.array([196.0, 160.0, 150.0]), 0.6 * _ramp(radius, 0.26, 0.45))
    streaks = 1 + 0.12 * np.sin(angle * 37 + rng.uniform(0, 6)) * np.sin(angle * 23)
    iris = np.array(spec.eye_color, float) * streaks[..., None] * (1.25 - 1.6 * radius[..., None])
    inside = _ramp(-radius, -0.228, -0.212)
    image = image + inside[..., None] * (iris - image)
    image *= 1 - 0.55 * np.exp(-(((radius - 0.218) / 0.012) ** 2))[..., None]
    return _to_image(_mix(image, np.array([10.0, 9.0, 9.0]), _ramp(-radius, -0.095, -0.08)))


def _pattern(cloth: Cloth, rng: np.random.Generator, size: int) -> np.ndarray:
    """Share of the second colour, 0 to 1, shape (size, size); repeats."""
    v, u = np.mgrid[:size, :size] / size
    count = int(rng.choice((6, 8, 12, 16)))
    if cloth.pattern == "stripes":
        along = v if rng.random() < 0.7 else u
        return (np.mod(along * count, 1) < rng.uniform(0.2, 0.5)).astype(float)
    if cloth.pattern == "checks":
        bands = [(np.mod(x * count, 1) < 0.5).astype(float) for x in (u, v)]
        return 0.5 * (bands[0] + bands[1])
    if cloth.pattern == "dots":
        row = np.floor(v * count)
        a, b = np.mod(u * count + 0.5 * (row % 2), 1) - 0.5, np.mod(v * count, 1) - 0.5
        return _ramp(-np.hypot(a, b), -0.26, -0.22)
    if cloth.pattern == "blocks":
        return (np.mod(v + rng.uniform(), 1) < 0.5).astype(float)
    return np.zeros((size, size))


def cloth_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    """Paint half a metre of cloth: pattern, weave, wear and soft creases; it repeats."""
    size = CLOTH_SIZE
    first, second = np.array(cloth.color, float), np.array(cloth.color2, float)
    image = first + _pattern(cloth, rng, size)[..., None] * (second - first)
    v, u = np.mgrid[:size, :size]
    weave = 0.5 * (np.sin(u * np.pi / 2) + np.sin((u + v) * np.pi / 2))
    creases = 0.6 * _noise(rng, size, (12, 34)) + 0.4 * _noise(rng, size, (26, 9))
    light = 1 + 0.02 * weave + 0.025 * _noise(rng, size, (0.8, 0.8)) + 0.02 * _noise(rng, size, (60, 60))
    light += (0.025 + 0.025 * cloth.looseness) * creases
    return _to_image(image * light[..., None])


def shoe_texture(cloth: Cloth, rng: np.random.Generator) -> np.ndarray:
    """Paint a shoe by height: sole, seam, upper, collar."""
    size = CLOTH_SIZE // 2
    height = 1 - (np.arange(size) + 0.5) / size
    upper = np.array(cloth.color, float)
    sole = (
        np.array([225.0, 224.0, 220.0])
        if cloth.kind == "sneakers" and upper.mean() < 200
        else np.array([48.0, 44.0, 42.0])
    )
    image = np.broadcast_to(upper, (size, size, 3)).copy()
    image *= 1 + 0.03 * _noise(rng, size, (1, 1))[..., None] + 0.02 * _noise(rng, size, (20, 20))[..., None]
    rows = height[:, None, None]
    image = np.where((rows > 0.30) & (rows < 0.33), image * 0.72, image)
    image = np.where(rows < 0.17, sole, image)
    image = np.where((rows > 0.165) & (rows < 0.185), sole * 0.6, image)
    return _to_image(image)


def hair_texture(spec: SubjectSpec, rng: np.random.Generator) -> np.ndarray:
    """Paint strands that run along v; it repeats."""
    size = HAIR_SIZE
    strands = 0.6 * _noise(rng, size, (40, 0.8)) + 0.4 * _noise(rng, size, (25, 3))
    sheen = 0.10 * np.sin(2 * np.pi * np.mgrid[:size, :size][0] / size)
    base = np.array(spec.hair_color, float)
    light = 1 + 0.20 * strands + sheen
    return _to_image(base * light[..., None] + 6 * np.clip(strands, 0, 2)[..., None])
