"""The hidden anatomy: where a subject's vertebrae lie inside the rendered body, and how they share motion.

It is the authored truth of every image and never an input of the fit. It is made from the body's own dorsal midline,
from tables of level sizes, and from how deep spinous processes lie under the skin; the nominal posture that the fit
starts from is not used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares

from opensim_models.anatomy import levels
from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS, REGIONS, region_of_joint
from opensim_models.spine import SpineShape, assemble, joint_rotation, landmarks, spine_forward
from spinepose.rng import rng_for
from synth.body.geometry import ray_hits
from synth.body.posture import stand
from synth.body.spec import Posture, SubjectSpec

# OpenSim's axes (x forward, y up, z right) to the character's (x forward, y left, z up).
OURS_FROM_OSIM = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
# Skin over the tip of each spinous process: depth in mm at BMI 22 and mm more per unit of BMI above it, bottom up from
# L5. Orders of magnitude [guess]: the tips are palpable under about a centimetre from C7 to L1, fat gathers over L3 to
# S1 and over C7, and C1 to C5 lie under the neck's extensor muscles.
_DEPTH_MM = np.array(
    [16, 13, 11, 10, 9, 8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 14, 22, 26, 27, 24, 36], dtype=float
)  # fmt: skip
_DEPTH_PER_BMI_MM = np.array(
    [1.7, 1.5, 1.2, 0.9, 0.7, 0.6, 0.55, 0.5, 0.45, 0.45, 0.45, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.9, 0.8, 0.7, 0.6,
     0.6, 0.6]
)  # fmt: skip
_REFERENCE_BMI = 22.0
_MIN_DEPTH_MM = 5.0
# Height of the S1 endplate above the hip joint centres as a share of stature: 97 mm at 1.68 m, from pelvic
# morphology (sacral endplate to hip axis about 10 cm) [mem].
_S1_ABOVE_HIPS = 0.058
_COUPLING, _COUPLING_SD = np.array([0.10, 0.0, -0.12]), np.array([0.08, 0.10, 0.08])
SHARE_SPREAD = 0.35  # published shares of a level in its region differ by about this much
_FEMALE_DEPTH = 0.92
_C7, _NUM = LEVELS.index("C7"), len(LEVELS)
# How well each condition must hold: spinous depth (m), change of tilt against the table's (rad), anchors (m).
_SIGMA_DEPTH_M = np.where(np.arange(_NUM) > _C7, 0.006, 0.0025)
_SIGMA_BEND_RAD = np.radians(3.0)
_SIGMA_ANCHOR_M = 0.008
_SIGMA_SCALE = 0.06


@dataclass(frozen=True)
class Anatomy:
    """A subject's vertebrae inside the rest mesh.

    Attributes:
        shape: The vertebral chain, OpenSim axes; its zero is the subject's quiet standing.
        rest_frames_m: Frames of the sacrum and ``JOINT_LEVELS`` in the rest mesh, character frame, shape (26, 4, 4);
            their columns are OpenSim's axes (forward, up, right) of each vertebra.
        neutral_frames_m: The same in quiet standing over the rest mesh' hips.
        skin_depths_m: Depth of each spinous tip under the dorsal midline, order ``LEVELS``, shape (24,).
        coupling: How far each of ``REGIONS`` turns to the left for a radian of bending to the right, shape (3,).
    """

    shape: SpineShape
    rest_frames_m: np.ndarray
    neutral_frames_m: np.ndarray
    skin_depths_m: np.ndarray
    coupling: np.ndarray

    def coupled(self, coordinates_rad: np.ndarray) -> np.ndarray:
        """The nine coordinates with the axial rotation that comes with bending added, shape (..., 9)."""
        q = np.array(coordinates_rad, dtype=float)
        q[..., 2::3] += self.coupling * q[..., 1::3]
        return q

    def frames(self, coordinates_rad: np.ndarray) -> np.ndarray:
        """Frames of sacrum and ``JOINT_LEVELS`` for spine coordinates, hips at rest, shape (..., 26, 4, 4)."""
        return self.neutral_frames_m[0] @ spine_forward(self.shape, coordinates_rad)

    def standing(self, hips_m: np.ndarray, posture: Posture, obliquity_rad: float) -> Anatomy:
        """The same vertebrae in a subject's own quiet standing.

        Args:
            hips_m: Middle of the hip joints at rest, which the pelvis turns about, shape (3,).
            posture: How the subject stands, away from the rest mesh.
            obliquity_rad: Lean of the pelvis to the right.
        """
        rest = self.rest_frames_m[0]
        local = rest[:3, :3].T @ (hips_m - rest[:3, 3])
        stood = stand(self.shape, local, posture, obliquity_rad)
        turn = rest[:3, :3] @ stood.sacrum_turn @ rest[:3, :3].T
        neutral, bind = rest.copy(), self.rest_frames_m.copy()
        neutral[:3, 3] = hips_m + turn @ (rest[:3, 3] - hips_m)
        bind[0, :3, :3] = rest[:3, :3] @ stood.sacrum_turn.T  # the sacrum's frame is upright in standing
        frames = neutral @ spine_forward(stood.shape, np.zeros(9))
        return replace(self, shape=stood.shape, rest_frames_m=bind, neutral_frames_m=frames)

    def scaled(self, factor: float) -> Anatomy:
        """The anatomy of the same body, larger by a factor about the character frame's origin."""

        def larger(frames: np.ndarray) -> np.ndarray:
            out = frames.copy()
            out[:, :3, 3] *= factor
            return out

        s = self.shape
        shape = replace(
            s,
            joint_offsets_m=factor * s.joint_offsets_m,
            body_centres_m=factor * s.body_centres_m,
            spinous_tips_m=factor * s.spinous_tips_m,
            landmark_offsets={name: factor * offsets for name, offsets in s.landmark_offsets.items()},
        )
        return Anatomy(
            shape,
            larger(self.rest_frames_m),
            larger(self.neutral_frames_m),
            factor * self.skin_depths_m,
            self.coupling,
        )

    def landmarks(self, frames_m: np.ndarray, landmark_set: str = "spinetrack") -> np.ndarray:
        """The nine spine points carried by frames in whatever space they are given, shape (..., 9, 3)."""
        return landmarks(self.shape, frames_m, landmark_set)

    def spinous_tips_m(self) -> np.ndarray:
        """Spinous tips at rest in the character frame, order ``LEVELS``, shape (24, 3)."""
        frames = self.rest_frames_m[1 : _NUM + 1]
        return np.einsum("kij,kj->ki", frames[:, :3, :3], self.shape.spinous_tips_m) + frames[:, :3, 3]


def midline_profile(
    vertices_m: np.ndarray, triangles: np.ndarray, heights_m: np.ndarray, side: str = "back"
) -> np.ndarray:
    """Where the midline of the skin lies at given heights.

    Args:
        vertices_m: Rest mesh, shape (V, 3).
        triangles: Skin triangles, shape (F, 3).
        heights_m: Shape (N,).
        side: ``back`` or ``front``.

    Returns:
        Forward coordinate x of the skin at y = 0, metres, shape (N,); gaps are interpolated.
    """
    y = vertices_m[triangles][..., 1]
    near = triangles[(y.min(axis=1) <= 1e-4) & (y.max(axis=1) >= -1e-4)]
    found = np.full(len(heights_m), np.nan)
    for i, z in enumerate(heights_m):
        # A hair off the plane of symmetry, where edges lie exactly on it.
        distances, _, _ = ray_hits(np.array([-1.0, 1e-5, z]), np.array([1.0, 0.0, 0.0]), vertices_m, near)
        if len(distances):
            found[i] = (distances[0] if side == "back" else distances[-1]) - 1.0
    good = np.isfinite(found)
    return np.interp(heights_m, heights_m[good], found[good])


def skin_depths(bmi: float, rng: np.random.Generator) -> np.ndarray:
    """Draw the depth of each spinous tip under the skin, metres, order ``LEVELS``, shape (24,)."""
    depth = _DEPTH_MM + _DEPTH_PER_BMI_MM * (bmi - _REFERENCE_BMI)
    noise = gaussian_filter1d(rng.normal(0.0, 1.0, _NUM), 1.5, mode="nearest")
    return np.maximum(depth * np.exp(0.25 * noise), _MIN_DEPTH_MM) / 1000.0


def draw_shares(rng: np.random.Generator) -> np.ndarray:
    """Draw how the joints of each region share its motion, shape (25, 3); columns sum to 1 within a region."""
    shares = levels.nominal_shares() * rng.uniform(1 - SHARE_SPREAD, 1 + SHARE_SPREAD, (len(JOINT_LEVELS), 3))
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    for region in REGIONS:
        shares[regions == region] /= shares[regions == region].sum(axis=0)
    return shares


def draw_coupling(rng: np.random.Generator) -> np.ndarray:
    """Draw how far each region turns to the left for bending to the right, shape (3,).

    The lumbar spine mostly turns the other way than it bends (Panjabi 1994, Cheng 1998: 0 to 2 degrees for 10); for
    the thoracic one both ways are reported (Sizer 2007); the neck turns the way it bends, by 2/3 of it at C2 and 1/8
    at C7 (White & Panjabi 1990), most of which C1/2 takes back while the gaze stays [mem].
    """
    return rng.normal(_COUPLING, _COUPLING_SD)


@dataclass(frozen=True)
class _Chain:
    """The chain in the sagittal plane before it is placed; sizes in metres at the table's proportions."""

    gaps: np.ndarray  # from each joint to the next, (24,)
    half_disc: np.ndarray  # (25,)
    centres_up: np.ndarray  # body centre above its joint, (24,)
    tips: np.ndarray  # spinous tip in its vertebra's frame (forward, up), (24, 2)

    def place(
        self, tilts: np.ndarray, slope: float, start: np.ndarray, scales: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Joints (25, 2) and tips (24, 2) as (x, z) for tilts (24,), the S1 point and a size for each level (24,)."""
        axis = np.stack([np.sin(tilts), np.cos(tilts)], axis=1)
        first = start + self.half_disc[0] * scales[0] * np.array([np.sin(slope), np.cos(slope)])
        steps = axis * (self.gaps * scales)[:, None]
        joints = np.concatenate([first[None], first + np.cumsum(steps, axis=0)])
        forward = np.stack([axis[:, 1], -axis[:, 0]], axis=1)
        tips = joints[:-1] + forward * self.tips[:, :1] + axis * (self.tips[:, 1] * scales)[:, None]
        return joints, tips


def _table_chain(spec: SubjectSpec, rng: np.random.Generator) -> _Chain:
    scale = spec.stature_m / levels.REFERENCE_STATURE_M / 1000.0
    depth = scale * (_FEMALE_DEPTH if spec.sex == "female" else 1.0) * np.exp(rng.normal(0, 0.05))
    half, height = levels.column("disc_mm") * scale / 2, levels.column("height_mm") * scale
    height = height * np.exp(rng.normal(0, 0.03, len(height)))
    centres = (half + height / 2)[:-1]
    tips = np.stack(
        [
            -levels.column("spinous_back_mm")[:-1] * depth,
            centres - levels.column("spinous_down_mm")[:-1] * scale,
        ],
        axis=1,
    )
    return _Chain(half[:-1] + height[:-1] + half[1:], half, centres, tips)


def build_anatomy(
    spec: SubjectSpec,
    bmi: float,
    vertices_m: np.ndarray,
    triangles: np.ndarray,
    hip_height_m: float,
    c7_height_m: float,
    skull_height_m: float,
) -> Anatomy:
    """Place a subject's vertebrae inside the rest mesh.

    The tilts of the vertebrae are found such that every spinous tip lies at its drawn depth under the dorsal midline,
    that tilts change from level to level about as the table's do, and that S1, C7 and the skull meet their anchors.

    Args:
        spec: The person; its seed draws depths, sizes and shares.
        bmi: Body mass index of the mesh.
        vertices_m: Rest mesh, shape (V, 3).
        triangles: Skin triangles, shape (F, 3).
        hip_height_m: Height of the hip joint centres.
        c7_height_m: Height of the spinous tip of C7.
        skull_height_m: Height of the C0/C1 joint.
    """
    rng = rng_for(spec.seed, "anatomy")
    chain = _table_chain(spec, rng)
    depths = skin_depths(bmi, rng)
    shares = draw_shares(rng)
    s1_height = hip_height_m + _S1_ABOVE_HIPS * spec.stature_m + rng.normal(0, 0.005)
    slope_over_l5 = np.radians(22 + rng.normal(0, 3))
    heights = np.arange(hip_height_m, skull_height_m + 0.05, 0.005)
    profile = gaussian_filter1d(midline_profile(vertices_m, triangles, heights), 2.0, mode="nearest")
    table = np.radians(levels.column("tilt_deg"))[:_NUM]
    neck = np.arange(_NUM) >= _C7

    def unpack(p: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        scales = np.where(neck, np.exp(p[_NUM + 3]), np.exp(p[_NUM + 2]))
        return p[:_NUM], float(p[0] + slope_over_l5), p[_NUM : _NUM + 2], scales

    def residuals(p: np.ndarray) -> np.ndarray:
        tilts, slope, start, scales = unpack(p)
        joints, tips = chain.place(tilts, slope, start, scales)
        depth_error = (tips[:, 0] - np.interp(tips[:, 1], heights, profile) - depths) / _SIGMA_DEPTH_M
        bends = np.diff(tilts) - np.diff(table)
        anchors = np.array([start[1] - s1_height, tips[_C7, 1] - c7_height_m, joints[-1, 1] - skull_height_m])
        return np.concatenate(
            [depth_error, bends / _SIGMA_BEND_RAD, [tilts[-1] / np.radians(8)], anchors / _SIGMA_ANCHOR_M,
             p[_NUM + 2 :] / _SIGMA_SCALE]
        )  # fmt: skip

    start = np.concatenate([table, [np.interp(s1_height, heights, profile) + 0.08, s1_height, 0.0, 0.0]])
    tilts, slope, place, scales = unpack(least_squares(residuals, start, method="lm").x)
    shape = _shape(chain, tilts, slope, scales, shares, spec.stature_m)
    sacrum = np.eye(4)
    sacrum[:3, :3] = OURS_FROM_OSIM
    sacrum[:3, 3] = (place[0], 0.0, place[1])
    frames = sacrum @ spine_forward(shape, np.zeros(9))
    return Anatomy(shape, frames, frames, depths, draw_coupling(rng_for(spec.seed, "coupling")))


def _shape(
    chain: _Chain, tilts: np.ndarray, slope: float, scales: np.ndarray, shares: np.ndarray, stature_m: float
) -> SpineShape:
    offsets = np.zeros((len(JOINT_LEVELS), 3))
    offsets[0, :2] = chain.half_disc[0] * scales[0] * np.array([np.sin(slope), np.cos(slope)])
    offsets[1:, 1] = chain.gaps * scales
    relative = np.diff(np.concatenate([[0.0], tilts, [0.0]]))  # the skull is level at rest
    leans = np.stack([relative, np.zeros_like(relative), np.zeros_like(relative)], axis=1)
    centres, tips = np.zeros((_NUM, 3)), np.zeros((_NUM, 3))
    centres[:, 1] = chain.centres_up * scales
    tips[:, 0], tips[:, 1] = chain.tips[:, 0], chain.tips[:, 1] * scales
    scale = stature_m / levels.REFERENCE_STATURE_M
    return assemble(offsets, joint_rotation(leans), shares, centres, tips, slope, scale)
