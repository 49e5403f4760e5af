"""Where things lie on everybody's skin: masks over the texels, made once from the neutral body.

All bodies share the neutral body's mesh, so a texel that lies on its cheek lies on every cheek. Face landmarks are
read off the neutral head: relative to the middle between the eyes, forward, left, up, metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numba
import numpy as np
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.sparse import coo_matrix, csr_matrix

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.geometry import vertex_normals
from synth.body.hair_scalp import head_frame
from synth.ramp import ramp

SKIN_SIZE = 1024
_GUTTER_PX = 6
# On the neutral body's mesh: left and up of the left nipple, height of the navel, metres.
_NIPPLE, _NAVEL_Z = (0.0805, 0.379), 0.1917
# Masks of the whole skin, then those of the head only.
BODY_MASKS = (
    "mottle_a", "mottle_b", "mottle_c", "blood", "grain", "freckles_a", "freckles_b", "spots_a", "spots_b", "spots_c",
    "joints", "hands", "sun", "body_hair", "veins", "groove", "ridge", "nails",
    "areola", "navel",
)  # fmt: skip
HEAD_MASKS = (
    "cheeks", "nose", "ears", "lips", "mouth_line", "mouth", "eyelids", "socket", "bags", "rim", "nostrils",
    "forehead_lines", "eye_lines", "mouth_lines", "neck_lines", "pores",
)  # fmt: skip


@dataclass(frozen=True)
class Canvas:
    """The texels that show skin, those of the head first.

    Attributes:
        texels: Flat indices into the picture, shape (M,).
        corners: Skin vertices of the triangle under each texel, shape (M, 3), int32.
        shares: Barycentric weights, shape (M, 3), float32.
        num_head: How many of them lie on head and neck.
        masks: Values -127 to 127 of ``BODY_MASKS`` then ``HEAD_MASKS``, shape (M, K), int8; head masks are zero
            beyond ``num_head``.
        p: Head texels on the neutral head, shape (num_head, 3), float32.
        azimuth_deg: Their azimuth from straight ahead, 0 to 180, shape (num_head,).
        beard, moustache: Where those grow, 0 to 1, shape (num_head,).
        hairless: 1 on ears and in the mouth, shape (num_head,).
        grain: Noise of single texels, shape (num_head,).
        neighbours: Row-normalised neighbour matrix of the skin's vertices.
        edge_m: Mean edge length at each skin vertex, shape (V,).
    """

    texels: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    num_head: int
    masks: np.ndarray
    p: np.ndarray
    azimuth_deg: np.ndarray
    beard: np.ndarray
    moustache: np.ndarray
    hairless: np.ndarray
    grain: np.ndarray
    neighbours: csr_matrix
    edge_m: np.ndarray


@numba.njit(cache=True)
def _paint_triangles(uvs: np.ndarray, size: int, owner: np.ndarray, shares: np.ndarray) -> None:
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
                owner[r, c] = f
                shares[r, c, 0], shares[r, c, 1], shares[r, c, 2] = 1 - b - d, b, d


def _rasterise(asset: BodyAsset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat texel indices, skin vertices and barycentric weights; islands grow by a few texels."""
    owner = np.full((SKIN_SIZE, SKIN_SIZE), -1, dtype=np.int32)
    shares = np.zeros((SKIN_SIZE, SKIN_SIZE, 3), dtype=np.float32)
    _paint_triangles(asset.uvs[asset.triangle_uvs["body"]].astype(float), SKIN_SIZE, owner, shares)
    distance, (rows, columns) = distance_transform_edt(owner < 0, return_indices=True)
    texels = np.flatnonzero(distance.ravel() <= _GUTTER_PX)
    from_row, from_column = rows.ravel()[texels], columns.ravel()[texels]
    corners = asset.triangles["body"][owner[from_row, from_column]]
    return texels, corners.astype(np.int32), shares[from_row, from_column]


def _lattice_noise(rng: np.random.Generator, points: np.ndarray, size_m: float) -> np.ndarray:
    """Smooth noise in space, mean 0, SD 1, shape (M,): it has no seams where the texture has."""
    lattice = rng.standard_normal((48, 48, 48), dtype=np.float32)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    values = map_coordinates(lattice, (points @ turn / size_m).T, order=1, mode="grid-wrap")
    return (values - values.mean()) / values.std()


def _bump(x: np.ndarray, middle: float, width: float) -> np.ndarray:
    return np.exp(-(((x - middle) / width) ** 2))


def _near_line(
    y: np.ndarray, z: np.ndarray, line: tuple[tuple[float, float], ...], width: float
) -> np.ndarray:
    """1 on a polyline, falling off over a width; its ends fade."""
    best = np.zeros(len(y), dtype=np.float32)
    for (y0, z0), (y1, z1) in pairwise(line):
        d = np.array([y1 - y0, z1 - z0])
        t = np.clip(((y - y0) * d[0] + (z - z0) * d[1]) / (d @ d), 0, 1)
        distance2 = (y - y0 - t * d[0]) ** 2 + (z - z0 - t * d[1]) ** 2
        best = np.maximum(best, np.exp(-distance2 / width**2))
    return best


def _uv_mask(asset: BodyAsset, name: str, texels: np.ndarray) -> np.ndarray:
    image = cv2.resize(asset.masks[name], (SKIN_SIZE, SKIN_SIZE), interpolation=cv2.INTER_LINEAR)
    return image.ravel()[texels].astype(np.float32) / 255


def beard_region(p: np.ndarray, azimuth_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a full beard and where a moustache grows, 0 to 1, shape (N,) each, on the neutral head."""
    s, z = np.abs(p[:, 1]), p[:, 2]
    top = np.interp(
        azimuth_deg,
        (0, 11, 15, 22, 32, 45, 56, 64),
        (-0.047, -0.047, -0.050, -0.056, -0.055, -0.044, -0.020, 0.012),
    )
    low = np.interp(azimuth_deg, (0, 40, 55, 66), (-0.128, -0.118, -0.088, -0.045))
    full = ramp(top - z, -0.001, 0.006) * ramp(z - low, 0.0, 0.012) * ramp(67 - azimuth_deg, 0.0, 5.0)
    lips = ((s / 0.0275) ** 2 + ((z + 0.066) / 0.0115) ** 2) < 1
    full = full * ~lips * (p[:, 0] > 0.02)
    # Bare strips beside the soul patch.
    full = full * (1 - 0.8 * _bump(z, -0.081, 0.004) * _bump(s, 0.013, 0.006))
    moustache = full * ramp(z, -0.067, -0.062) * ramp(0.036 - s, 0, 0.006)
    return full, moustache


def _body_masks(
    asset: BodyAsset, place: np.ndarray, normal: np.ndarray, texels: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    bones = asset.bone_heads_m(asset.template_m.astype(float))
    mirrored = place * np.where(place[:, 1:2] < 0, (1, -1, 1), (1, 1, 1))
    joints = np.zeros(len(place), dtype=np.float32)
    for bone, reach, toward in (("lowerarm01.L", 0.050, (-1, 0.3, 0)), ("lowerleg01.L", 0.055, (1, 0, 0))):
        far = np.linalg.norm(mirrored - bones[bone], axis=1)
        outside = normal * np.where(place[:, 1:2] < 0, (1, -1, 1), (1, 1, 1)) @ np.array(toward, float)
        joints = np.maximum(joints, np.exp(-((far / reach) ** 2)) * ramp(outside, 0.1, 0.7))
    elbow, wrist = bones["lowerarm01.L"], bones["wrist.L"]
    along = (mirrored - elbow) @ (wrist - elbow) / np.sum((wrist - elbow) ** 2)
    arm = (mirrored[:, 1] > 0.25).astype(np.float32)
    hands = ramp(along, 0.95, 1.15) * arm
    feet = ramp(-place[:, 2], 0.74, 0.78)
    knee = bones["lowerleg01.L"][2]
    shin = ramp(knee - 0.05 - place[:, 2], 0, 0.06) * (1 - feet) * (mirrored[:, 1] < 0.35)
    chest = _bump(place[:, 2], 0.33, 0.08) * (place[:, 0] > 0.06) * ramp(0.11 - mirrored[:, 1], 0, 0.05) * 0.7
    hairy = np.maximum(ramp(along, 0.0, 0.3) * (1 - hands) * arm, np.maximum(shin, chest))
    front = (place[:, 0] > 0.06).astype(np.float32)
    areola = (
        ramp(0.0155 - np.hypot(mirrored[:, 1] - _NIPPLE[0], place[:, 2] - _NIPPLE[1]), 0.0, 0.004) * front
    )
    navel = np.exp(-((mirrored[:, 1] / 0.007) ** 2) - ((place[:, 2] - _NAVEL_Z) / 0.009) ** 2) * front
    streak = _lattice_noise(rng, place * np.array([1, 1, 0.35]), 0.0035)
    ridge_noise = np.abs(_lattice_noise(rng, place * np.array([1, 1, 0.5]), 0.030))
    veins = ramp(-ridge_noise, -0.10, 0.0) * (np.maximum(ramp(along, 0.35, 0.9) * arm, 0.7 * feet))
    back = ramp(-normal[:, 0], 0.2, 0.7) * (mirrored[:, 1] < 0.2)
    trunk = ramp(place[:, 2], -0.06, 0.04) * ramp(0.47 - place[:, 2], 0, 0.05)
    beads = 0.75 + 0.25 * np.cos(2 * np.pi * place[:, 2] / 0.030)
    groove = back * trunk * _bump(mirrored[:, 1], 0, 0.013) * beads
    blade = _near_line(
        mirrored[:, 1], place[:, 2], ((0.052, 0.43), (0.060, 0.34), (0.082, 0.265), (0.115, 0.30)), 0.012
    )
    groove = np.maximum(groove, 0.55 * back * blade)
    side_ridge = back * trunk * _bump(mirrored[:, 1], 0.036, 0.014) * ramp(0.30 - place[:, 2], 0, 0.1)
    above = back * _bump(mirrored[:, 1], 0.085, 0.030) * _bump(place[:, 2], 0.37, 0.05)
    sunny = np.maximum(ramp(along, -0.6, -0.2) * arm, ramp(place[:, 2], 0.50, 0.56) * (mirrored[:, 1] < 0.2))
    lit = np.clip(0.25 + sunny, 0, 1)
    shoulders = _bump(place[:, 2], 0.50, 0.07) * ramp(normal[:, 2], 0.1, 0.6)
    freckles, spots = {}, {}
    where = np.where(place[:, 2] > 0.6, lit, 0.45 * np.clip(lit + shoulders, 0, 1))
    for k in "ab":
        fine = _lattice_noise(rng, place, 0.0028) + 0.5 * _lattice_noise(rng, place, 0.006)
        freckles[f"freckles_{k}"] = ramp(fine, 1.5, 2.2) * where
    for k in "abc":
        spots[f"spots_{k}"] = ramp(_lattice_noise(rng, place, 0.006), 2.3, 2.9) * lit
    return {
        "mottle_a": _lattice_noise(rng, place, 0.09) / 3,
        "mottle_b": _lattice_noise(rng, place, 0.035) / 3,
        "mottle_c": _lattice_noise(rng, place, 0.014) / 3,
        "blood": _lattice_noise(rng, place, 0.020) / 3,
        "grain": rng.normal(size=len(place)).clip(-3, 3) / 3,
        **freckles,
        **spots,
        "joints": joints,
        "hands": np.maximum(hands, feet),
        "sun": sunny,
        "body_hair": ramp(streak, 0.9, 1.9) * hairy,
        "veins": veins,
        "groove": groove,
        "ridge": np.maximum(side_ridge, above),
        "areola": areola,
        "navel": navel,
        "nails": np.maximum(_uv_mask(asset, "fingernails", texels), _uv_mask(asset, "toenails", texels)),
    }


def _head_masks(
    asset: BodyAsset, p: np.ndarray, normal: np.ndarray, texels: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    s, z = np.abs(p[:, 1]), p[:, 2]
    face = ramp(p[:, 0], 0.055, 0.075)
    lips, mouth = _uv_mask(asset, "lips", texels), _uv_mask(asset, "inside-mouth", texels)
    outside = 1 - mouth
    ellipse = np.hypot((s - 0.0318) / 0.0120, z / np.where(z > 0, 0.0062, 0.0056))
    wiggle = 0.0012 * _lattice_noise(rng, p, 0.018)
    forehead = sum(
        _bump(z - wiggle + 1.2 * s**2, level, 0.0011) * ramp(reach - s, 0, 0.015)
        for level, reach in ((0.040, 0.040), (0.0495, 0.050), (0.059, 0.046), (0.068, 0.036))
    )
    frown = _near_line(s, z, ((0.007, 0.010), (0.008, 0.030)), 0.0012)
    crow = sum(
        _near_line(s, z - wiggle, ((0.0475, z0), (0.061, z1)), 0.0011)
        for z0, z1 in ((0.002, 0.012), (0.000, 0.003), (-0.002, -0.006))
    )
    under = _near_line(s, z, ((0.020, -0.009), (0.026, -0.0135), (0.035, -0.0145), (0.043, -0.010)), 0.0012)
    fold = _near_line(s, z, ((0.0172, -0.034), (0.0225, -0.043), (0.028, -0.053), (0.0315, -0.066)), 0.0022)
    corner = _near_line(s, z, ((0.0285, -0.070), (0.031, -0.086)), 0.0014)
    neck = sum(
        _bump(z + 0.35 * np.maximum(p[:, 0], 0) - wiggle * 2, level, 0.0016)
        for level in (-0.112, -0.135, -0.158)
    )
    bag = ((s - 0.031) / 0.015) ** 2 + ((z + 0.0115) / 0.0048) ** 2
    tip = _bump(s, 0, 0.013) * _bump(z, -0.036, 0.012)
    wing = _bump(s, 0.015, 0.005) * _bump(z, -0.038, 0.007)
    return {
        "cheeks": _bump(s, 0.044, 0.020) * _bump(z, -0.032, 0.015) * face * outside,
        "nose": np.maximum(tip, 0.4 * wing) * ramp(p[:, 0], 0.105, 0.125) * outside,
        "ears": _uv_mask(asset, "ears", texels),
        "lips": lips * outside,
        "mouth_line": _bump(z, -0.0648, 0.0012) * ramp(0.0275 - s, 0, 0.004) * (p[:, 0] > 0.09),
        "mouth": mouth,
        "eyelids": np.maximum(_uv_mask(asset, "eyelids", texels), 0.6 * (ellipse < 1.35) * (p[:, 0] > 0.07)),
        "socket": np.exp(-((np.maximum(ellipse - 1.0, 0) / 0.9) ** 2)) * face,
        "bags": np.exp(-bag) * face,
        "rim": _bump(ellipse, 1.0, 0.16) * (0.45 + 0.55 * (z > -0.001)) * face,
        "nostrils": _bump(s, 0.0085, 0.0045) * _bump(z, -0.0425, 0.0035) * ramp(-normal[:, 2], 0.1, 0.5) * face,
        "forehead_lines": np.clip((forehead + 0.7 * frown) * face, 0, 1),
        "eye_lines": np.clip((crow + 0.9 * under) * face, 0, 1),
        "mouth_lines": np.clip((fold + 0.6 * corner) * face * outside, 0, 1),
        "neck_lines": np.clip(neck * (z < -0.10) * ramp(p[:, 0], -0.01, 0.03) * outside, 0, 1),
        "pores": (_lattice_noise(rng, p, 0.0016) / 3).clip(-1, 1) * np.clip(face, 0.4, 1) * (1 - lips),
    }  # fmt: skip


def _neighbours(triangles: np.ndarray, vertices: np.ndarray) -> tuple[csr_matrix, np.ndarray]:
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    n = len(vertices)
    matrix = coo_matrix((np.ones(len(both), np.float32), (both[:, 0], both[:, 1])), shape=(n, n)).tocsr()
    matrix.data[:] = 1.0
    count = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    length = np.linalg.norm(vertices[both[:, 0]] - vertices[both[:, 1]], axis=1)
    mean = np.bincount(both[:, 0], length, n) / np.maximum(np.bincount(both[:, 0], minlength=n), 1)
    return matrix.multiply(1.0 / count[:, None]).tocsr().astype(np.float32), mean.astype(np.float32)


def make_canvas(asset: BodyAsset) -> Canvas:
    """Make the canvas: about two seconds; :func:`synth.body.skin_bake.canvas_of` keeps it."""
    rng = rng_for(0, "skin", "canvas")
    template = asset.template_m.astype(float)
    body = template[: asset.num_body]
    triangles = asset.triangles["body"]
    normals = vertex_normals(body.astype(np.float32), triangles)
    texels, corners, shares = _rasterise(asset)
    place, normal = (np.einsum("mk,mkd->md", shares, x[corners]) for x in (body, normals))
    centre, scale = head_frame(asset, template)
    p = (place - centre) / scale
    on_head = (p[:, 2] > -0.17) & (np.abs(p[:, 1]) < 0.11)
    order = np.argsort(~on_head, kind="stable")
    texels, corners, shares, place, normal, p = (
        x[order] for x in (texels, corners, shares, place, normal, p)
    )
    h = int(on_head.sum())
    masks = np.zeros((len(texels), len(BODY_MASKS) + len(HEAD_MASKS)), dtype=np.int8)
    for name, values in _body_masks(asset, place, normal, texels, rng).items():
        masks[:, BODY_MASKS.index(name)] = np.round(127 * np.clip(values, -1, 1))
    for name, values in _head_masks(asset, p[:h], normal[:h], texels[:h], rng).items():
        masks[:h, len(BODY_MASKS) + HEAD_MASKS.index(name)] = np.round(127 * np.clip(values, -1, 1))
    head = p[:h].astype(np.float32)
    azimuth = np.degrees(np.abs(np.arctan2(head[:, 1], head[:, 0])))
    hairless = np.maximum(_uv_mask(asset, "ears", texels[:h]), _uv_mask(asset, "inside-mouth", texels[:h]))
    full, moustache = beard_region(head, azimuth)
    neighbours, edge = _neighbours(triangles, body)
    return Canvas(
        texels, np.ascontiguousarray(corners), np.ascontiguousarray(shares, np.float32), h, masks, head, azimuth,
        full * (1 - hairless), moustache * (1 - hairless), hairless, rng.normal(size=h).astype(np.float32),
        neighbours, edge,
    )  # fmt: skip
