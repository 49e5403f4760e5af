"""Points of the skin: the anatomical markers and the surface keypoints, found on each subject's rest mesh.

A point is found as a person would find it: along a direction from a joint, a vertebra or a bony landmark, on the
skin of the right body part. It is kept as a triangle and barycentric weights and moves with the skin thereafter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opensim_models.anatomy.coordinates import LEVELS
from opensim_models.markers import MARKER_NAMES
from spinepose.rng import rng_for
from synth.body.anatomy import Anatomy
from synth.body.geometry import ray_hits
from synth.body.joints import SIDES
from synth.body.parts import PARTS

# How far off (1 SD, each way) a trained person finds a landmark: spinous processes 5 mm, others 4 mm [guess].
_PALPATION_SPINE_M, _PALPATION_M = 0.005, 0.004
PARASPINAL_M = 0.045  # the marker set's own definition
_SPINAL = ("C7", "T3", "T8", "T12", "L3", "L5")
# Half the distance between the anterior superior iliac spines, and their height over the hip joint centres, as shares
# of stature: 248 mm and 80 mm at 1.70 m [mem: Harrington 2007 puts the hips 0.3 widths + 11 mm below].
_ASIS_HALF_WIDTH, _ASIS_ABOVE_HIPS = 0.073, 0.047
_PSIS_HALF_WIDTH, _PSIS_BELOW_S1_M = 0.026, 0.015


@dataclass(frozen=True)
class SurfacePoints:
    """Points of a triangle mesh.

    Attributes:
        corners: Vertex indices of each point's triangle, shape (N, 3).
        weights: Barycentric weights, shape (N, 3).
    """

    corners: np.ndarray
    weights: np.ndarray

    def positions_m(self, vertices_m: np.ndarray) -> np.ndarray:
        """Where the points are on a posed mesh, shape (N, 3)."""
        return np.einsum("nk,nkd->nd", self.weights, vertices_m[self.corners].astype(float))


@dataclass
class Prober:
    """Finds points of a rest mesh along rays, restricted to body parts.

    Attributes:
        vertices_m: Rest skin, shape (V, 3).
        triangles: Skin triangles, shape (F, 3).
        part_ids: Part of each vertex, shape (V,).
    """

    vertices_m: np.ndarray
    triangles: np.ndarray
    part_ids: np.ndarray
    _by_parts: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict)

    def _skin(self, parts: tuple[str, ...]) -> np.ndarray:
        if parts not in self._by_parts:
            ids = [PARTS[p] for p in parts]
            self._by_parts[parts] = self.triangles[np.isin(self.part_ids[self.triangles], ids).any(axis=1)]
        return self._by_parts[parts]

    def ray(
        self, origin: np.ndarray, direction: np.ndarray, parts: tuple[str, ...], first: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The skin point ahead of an origin: the outermost, or the first; the nearest vertex where a ray finds none.

        Returns:
            Corners (3,) and weights (3,).
        """
        direction = np.asarray(direction, float) / np.linalg.norm(direction)
        skin = self._skin(parts)
        distances, faces, weights = ray_hits(np.asarray(origin, float), direction, self.vertices_m, skin)
        ahead = np.flatnonzero(distances > 0)
        if len(ahead) == 0:
            offset = self.vertices_m[skin] - origin
            along = offset @ direction
            miss = np.linalg.norm(offset - along[..., None] * direction, axis=2) + 10.0 * (along < 0)
            face, corner = np.unravel_index(miss.argmin(), miss.shape)
            return skin[face], np.eye(3)[corner]
        pick = ahead[0] if first else ahead[-1]
        return skin[faces[pick]], np.clip(weights[pick], 0.0, 1.0)

    def vertex(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """One vertex as a surface point."""
        face = self.triangles[np.flatnonzero((self.triangles == index).any(axis=1))[0]]
        return face, (face == index).astype(float)

    def farthest(self, candidates: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The candidate vertex that lies farthest in a direction, as a surface point."""
        return self.vertex(int(candidates[np.argmax(self.vertices_m[candidates] @ direction)]))


def _collect(points: list[tuple[np.ndarray, np.ndarray]]) -> SurfacePoints:
    return SurfacePoints(np.stack([p[0] for p in points]), np.stack([p[1] for p in points]))


def place_markers(
    prober: Prober,
    joints_m: dict[str, np.ndarray],
    align: dict[str, np.ndarray],
    anatomy: Anatomy,
    stature_m: float,
    eye_height_m: float,
    seed: int,
) -> SurfacePoints:
    """Place the anatomical markers as a trained person would, with that person's small errors.

    Args:
        prober: The rest skin.
        joints_m: Rest joints, ``<joint>_<side>`` -> (3,).
        align: Segment -> rotation from rest to T-pose, which says where lateral and dorsal are.
        anatomy: The subject's vertebrae; palpated through the skin.
        stature_m: Standing height.
        eye_height_m: Height of the eyes.
        seed: The subject's seed, for the palpation errors.

    Returns:
        Points in the order of ``MARKER_NAMES``.
    """
    error = rng_for(seed, "palpation").normal(0.0, 1.0, (len(MARKER_NAMES), 3))
    points = _trunk_rays(joints_m, anatomy, stature_m)
    points |= _head_rays(anatomy, stature_m, eye_height_m)
    for side in SIDES:
        points |= _limb_rays(joints_m, align, side)
    placed = []
    for i, name in enumerate(MARKER_NAMES):
        origin, direction, parts = points[name]
        spread = _PALPATION_SPINE_M if name in _SPINAL or name[1:] in ("T10P", "L2P") else _PALPATION_M
        direction = np.asarray(direction, float) / np.linalg.norm(direction)
        shift = spread * (error[i] - direction * (error[i] @ direction))
        placed.append(prober.ray(np.asarray(origin) + shift, direction, parts))
    return _collect(placed)


_Ray = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def _trunk_rays(joints: dict[str, np.ndarray], anatomy: Anatomy, stature_m: float) -> dict[str, _Ray]:
    tips, frames = anatomy.spinous_tips_m(), anatomy.rest_frames_m[:, :3, 3]
    tip = {level: tips[i] for i, level in enumerate(LEVELS)}
    frame = {level: frames[i + 1] for i, level in enumerate(LEVELS)}
    back, front = np.array([-1.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    trunk, trunk_neck = ("trunk",), ("trunk", "neck")
    rays: dict[str, _Ray] = {name: (tip[name], back, trunk_neck) for name in _SPINAL}
    notch_z = (joints["clavicle_l"][2] + joints["clavicle_r"][2]) / 2
    rays["CLAV"] = (np.array([joints["clavicle_l"][0], 0.0, notch_z]), front, trunk_neck)
    rays["STRN"] = (frame["T9"], front, trunk)
    hip = (joints["hip_l"] + joints["hip_r"]) / 2
    for side in SIDES:
        s, S = (1.0 if side == "l" else -1.0), side.upper()
        out = np.array([0.0, s, 0.0])
        rays[f"{S}ACR"] = (
            joints[f"shoulder_{side}"],
            np.array([0.0, 0.25 * s, 1.0]),
            ("trunk", f"upper_arm_{side}"),
        )
        for name, level in (("T10P", "T10"), ("L2P", "L2")):
            rays[f"{S}{name}"] = (frame[level] + PARASPINAL_M * out, back, trunk)
        rays[f"{S}RIB"] = (frame["T11"] + 0.05 * front, out, trunk)
        rays[f"{S}ICR"] = (frame["L4"] + 0.02 * front, out, ("trunk",))
        asis = hip + np.array([0.0, s * _ASIS_HALF_WIDTH * stature_m, _ASIS_ABOVE_HIPS * stature_m])
        rays[f"{S}ASI"] = (asis, front, ("trunk", f"thigh_{side}"))
        psis = frames[0] + np.array([0.0, s * _PSIS_HALF_WIDTH * stature_m, -_PSIS_BELOW_S1_M])
        rays[f"{S}PSI"] = (psis, back, trunk)
    return rays


def _head_rays(anatomy: Anatomy, stature_m: float, eye_height_m: float) -> dict[str, _Ray]:
    centre = np.array([anatomy.rest_frames_m[-1, 0, 3] + 0.01, 0.0, eye_height_m + 0.025 * stature_m])
    rays: dict[str, _Ray] = {}
    for side in SIDES:
        s = 1.0 if side == "l" else -1.0
        for stem, angle in (("FHD", 45.0), ("BHD", 135.0)):
            a = np.radians(angle)
            rays[f"{side.upper()}{stem}"] = (centre, np.array([np.cos(a), s * np.sin(a), 0.0]), ("head",))
    return rays


def _limb_rays(joints: dict[str, np.ndarray], align: dict[str, np.ndarray], side: str) -> dict[str, _Ray]:
    p = {name[: -len(side) - 1]: x for name, x in joints.items() if name.endswith(f"_{side}")}
    S, s = side.upper(), (1.0 if side == "l" else -1.0)
    arm = (f"upper_arm_{side}", f"forearm_{side}")
    hand, leg, foot = (
        (f"forearm_{side}", f"hand_{side}"),
        (f"thigh_{side}", f"shank_{side}"),
        (f"foot_{side}",),
    )
    # In the T-pose: the elbow's lateral side is up, the thumb in front, the back of the hand up.
    lateral_elbow = align[f"upper_arm_{side}"].T @ (0.0, 0.0, 1.0)
    thumb, dorsal = (align[f"hand_{side}"].T @ v for v in np.eye(3)[[0, 2]])
    out = {seg: align[f"{seg}_{side}"].T @ (0.0, s, 0.0) for seg in ("thigh", "shank", "foot")}
    ahead = align[f"foot_{side}"].T @ (1.0, 0.0, 0.0)
    rays: dict[str, _Ray] = {
        "ELL": (p["elbow"], lateral_elbow, arm),
        "ELM": (p["elbow"], -lateral_elbow, arm),
        "WRR": (p["wrist"], thumb, hand),
        "WRU": (p["wrist"], -thumb, hand),
        "FIN": (p["knuckle"], dorsal, hand),
        "THI": ((p["hip"] + p["knee"]) / 2, out["thigh"], leg),
        "KNL": (p["knee"], out["thigh"], leg),
        "KNM": (p["knee"], -out["thigh"], leg),
        "TIB": ((p["knee"] + p["ankle"]) / 2, out["shank"], leg),
        "ANL": (p["ankle"], out["foot"], (f"shank_{side}", *foot)),
        "ANM": (p["ankle"], -out["foot"], (f"shank_{side}", *foot)),
        "HEE": (np.array([p["ankle"][0], p["ankle"][1], 0.4 * p["ankle"][2]]), -ahead, foot),
        "TOE": (p["toe"], np.array([0.0, 0.0, 1.0]), foot),
        "MT5": (p["small_toe"], out["foot"], foot),
    }
    return {f"{S}{name}": ray for name, ray in rays.items()}
