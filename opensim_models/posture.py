"""A subject's own neutral spine from the dorsal skin: where vertebrae must lie for markers to lie where they do.

Once markers have been placed on a model after a static trial, every later vertebra is decided by that placement: a
spine that stands 20 mm too deep in the static fit stays 20 mm too deep, at any marker error. So the static fit asks for
the most probable sagittal spine given (1) the average shape and its spread, (2) the dorsal midline markers, under
each of which the spinous tip lies at the mean skin depth for the subject's build, give or take, along the skin's
normal, (3) the sacrum from the posterior iliac spines and (4) the head from its markers. All spreads are one standard
deviation and are guesses unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models.anatomy import soft_tissue
from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS, REGIONAL_COORDINATES
from opensim_models.anatomy.segments import DORSAL_LEVELS
from opensim_models.spine import (
    DEFAULT_KYPHOSIS_RAD,
    DEFAULT_LORDOSIS_RAD,
    DEFAULT_SACRAL_SLOPE_RAD,
    SpineShape,
    landmarks,
    neutral_tilts,
    spine_forward,
    spine_from_tilts,
)

# Lordosis T12-S1 varies by 11.2 degrees between people (reference values of the checks), kyphosis and slope alike.
_CURVE_SD_RAD = np.radians([11.2, 10.0, 9.0])
_CURVE_CORRELATION = 0.6  # of lordosis with kyphosis and with sacral slope [mem: around 0.5-0.8]
# The table's column is short: from C7 to the posterior iliac spines along the tips it measures 465 mm at 1.70 m, and
# Ernst 2013 found 509 mm (SD 35) along the skin of 22 adults of many statures. Half of the difference is put down to
# the skin's longer way [guess].
_LENGTH_MEAN, _LENGTH_SD = 1.05, 0.05
_TILT_SD_RAD = np.radians(3.5)  # of a level from the smooth curve
_TILT_REACH = 2.0  # levels over which such deviations fade
_COMMON_DEPTH_SD = 0.20  # share: a subject whose skin is thick is so at all levels
_OWN_DEPTH_SD = 0.12  # share, and 5 mm beside it: a single level's own deviation
_OWN_DEPTH_SD_M = 0.005
_PLACEMENT_SD_M = 0.009  # palpation error along the spine
# Where the S1 endplate lies from the posterior spines, and from the anterior ones, which are farther off: shapes of
# pelves and markers, forward and up.
_FROM_BACK_SD_M, _FROM_FRONT_SD_M = np.array([0.008, 0.008]), np.array([0.011, 0.013])
# In front a belly soon hides the bone: on rendered people the distance between the spines grows by 10 mm for each unit
# of body mass index, where the depth of the table's skin grows by 2.
_FRONT_SD_M_PER_BMI, _FRONT_LEAN_BMI = 0.006, 20.0
_TILTED = 1.9  # times that where the pelvis is not known to stand at its neutral tilt
# What a unit of body mass index is worth: share of the mean depth, after the slopes of anatomy.soft_tissue. Those are
# guesses themselves, off by a third from level to level.
_DEPTH_SHARE_PER_BMI, _SLOPE_SD_SHARE = 0.055, 0.3
_SKULL_SD_M = 0.012
_TIP_TO_LANDMARK_SD_M = 0.004  # spinous process length
_ENOUGH_FOR_NORMALS = 4  # midline markers that show the back's own slope
# A sagittal frame has two axes: u forward, v up.
# Slots: lordosis, kyphosis, slope, length, common depth, sacrum u and v, skin's excess; then the levels' tilts.
_NUM_CURVE, _SLOTS = 3, 8
_SACRUM_UNIT_M = 0.03  # a wide prior: markers tell


@dataclass(frozen=True)
class Posture:
    """The estimated neutral spine.

    Attributes:
        spine: Shape; its zero is the static posture.
        s1_shift_m: Correction of the S1 endplate's centre, forward and up, (2,).
        landmark_covariance_m2: Posterior of the nine ``spinetrack`` landmarks in the sacrum's frame, (9, 3, 3). What
            :func:`estimate_posture` returns is sagittal; the lateral part is :mod:`opensim_models.lateral`'s.
        length_scale: Spine length relative to the average for the stature.
        depth_scale: The subject's skin depth relative to the mean for the BMI.
        residual_m: Distance of each spinous tip from its expected place, by marker name.
    """

    spine: SpineShape
    s1_shift_m: np.ndarray
    landmark_covariance_m2: np.ndarray
    length_scale: float
    depth_scale: float
    residual_m: dict[str, float]

    @property
    def landmark_sd_m(self) -> np.ndarray:
        """Standard deviation per axis, (9,)."""
        return np.sqrt(np.trace(self.landmark_covariance_m2, axis1=1, axis2=2) / 3)


@dataclass(frozen=True)
class _Evidence:
    """What the static trial says, in the sagittal plane of the pelvis from the S1 endplate: levels, points, normals."""

    levels: tuple[str, ...]
    skin: np.ndarray
    inward: np.ndarray
    depth: np.ndarray
    skull: np.ndarray | None
    rise: np.ndarray  # height over length of each vertebra, (25,)
    common_depth_sd: float  # share
    own_depth_sd: np.ndarray  # of each level, metres
    spines: tuple[_Spines, ...]
    excess: tuple[float, float]  # mean and standard deviation, metres


@dataclass(frozen=True)
class _Spines:
    """A pair of iliac spines: where it puts the S1 endplate (2,), how surely (2,), and its skin forward of the bone."""

    s1: np.ndarray
    sd: np.ndarray
    depth: float
    skin_ahead: float  # 1 before the bone, -1 behind it


def estimate_posture(
    stature_m: float,
    sex: str,
    bmi_kg_m2: float,
    dorsal_m: dict[str, np.ndarray],
    skull_m: np.ndarray | None,
    bends_rad: np.ndarray | None = None,
    bmi_sd: float = 0.0,
    quiet: bool = True,
    s1_from_front_m: np.ndarray | None = None,
    excess_m: tuple[float, float] = (0.0, 0.0),
) -> Posture:
    """Find the most probable neutral spine (maximum a posteriori, Gauss-Newton).

    Args:
        stature_m: Metres.
        sex: ``female`` or ``male``.
        bmi_kg_m2: Body mass index.
        dorsal_m: Level name to the midline marker over it, (3,), in the sacrum's frame (OpenSim's axes, origin at the
            S1 endplate as the pelvis markers give it), and ``PSI``: the midpoint of the posterior iliac spines.
        skull_m: Where the head markers put the skull's origin, (3,), or None.
        bends_rad: Lateral lean of each of ``JOINT_LEVELS``, (25,), if known: a column that is bent aside is longer than
            it is high.
        bmi_sd: Standard deviation of the body mass index, where it is not known well: skin depth widens.
        quiet: Whether the markers are of quiet standing; else the pelvis may be tilted, and the sacrum is less sure.
        s1_from_front_m: Where the anterior spines put the S1 endplate, (3,); None leaves it to the posterior ones.
        excess_m: By how much the skin of the whole trunk is thicker than the build says: mean and standard deviation.

    Returns:
        The posture.
    """
    base = spine_from_tilts(stature_m, sex, np.zeros(len(JOINT_LEVELS)), 0.0)
    rise = np.ones(len(JOINT_LEVELS)) if bends_rad is None else np.cos(bends_rad)
    spines = _spines(bmi_kg_m2, s1_from_front_m, 1.0 if quiet else _TILTED)
    evidence = _evidence((bmi_kg_m2, bmi_sd), dorsal_m, skull_m, base, rise, spines, excess_m)
    root = _tilt_root()
    x = np.zeros(_SLOTS + len(LEVELS))
    for _ in range(12):
        residual, jacobian = _linearise(x, root, base, evidence)
        hessian = jacobian.T @ jacobian + np.eye(len(x))
        step = np.linalg.solve(hessian, jacobian.T @ residual + x)
        x = x - step
        if np.abs(step).max() < 1e-6:
            break
    return _result(x, np.linalg.inv(hessian), root, base, evidence, stature_m, sex)


def _spines(bmi: float, from_front_m: np.ndarray | None, wider: float) -> tuple[_Spines, ...]:
    back = _Spines(np.zeros(2), wider * _FROM_BACK_SD_M, soft_tissue.depth_m("PSI", bmi), -1.0)
    if from_front_m is None:
        return (back,)
    belly = np.array([_FRONT_SD_M_PER_BMI * max(bmi - _FRONT_LEAN_BMI, 0.0), 0.0])
    front = _Spines(
        from_front_m[:2], wider * np.hypot(_FROM_FRONT_SD_M, belly), soft_tissue.depth_m("ASI", bmi), 1.0
    )
    return back, front


def _evidence(
    build: tuple[float, float],
    dorsal_m: dict[str, np.ndarray],
    skull_m: np.ndarray | None,
    base: SpineShape,
    rise: np.ndarray,
    spines: tuple[_Spines, ...],
    excess_m: tuple[float, float],
) -> _Evidence:
    bmi, bmi_sd = build
    unlike = np.hypot(_COMMON_DEPTH_SD, _DEPTH_SHARE_PER_BMI * bmi_sd)
    names = tuple(level for level in DORSAL_LEVELS if level in dorsal_m)
    skin = np.array([dorsal_m[name][:2] for name in names]).reshape(-1, 2)
    line = np.vstack([dorsal_m["PSI"][:2], skin]) if "PSI" in dorsal_m else skin
    if len(names) >= _ENOUGH_FOR_NORMALS:
        tangent = np.gradient(line, axis=0)[-len(names) :]
    else:  # too few for the back's own shape: that of the average spine
        tips = _chain(np.zeros(_SLOTS + len(LEVELS)), _tilt_root(), base, rise)[0]
        tangent = np.gradient(tips, axis=0)[[LEVELS.index(name) for name in names]]
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    # A back seen from the right: up turns to forward.
    inward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    depth = np.array([soft_tissue.depth_m(name, bmi) for name in names])
    slopes = np.array([soft_tissue.DEPTHS[name][1] for name in names]) / 1000
    from_slope = _SLOPE_SD_SHARE * slopes * abs(bmi - soft_tissue.REFERENCE_BMI)
    own = np.sqrt((_OWN_DEPTH_SD * depth) ** 2 + _OWN_DEPTH_SD_M**2 + from_slope**2)
    skull = None if skull_m is None else skull_m[:2]
    return _Evidence(names, skin, inward, depth, skull, rise, float(unlike), own, spines, excess_m)


def _tilt_root() -> np.ndarray:
    """Cholesky root of the covariance of the levels' deviations from the smooth curve, (24, 24)."""
    distance = np.abs(np.subtract.outer(np.arange(len(LEVELS)), np.arange(len(LEVELS))))
    covariance = _TILT_SD_RAD**2 * np.exp(-distance / _TILT_REACH)
    return np.linalg.cholesky(covariance)


def _curve_root() -> np.ndarray:
    correlation = np.full((3, 3), _CURVE_CORRELATION)
    correlation[1, 2] = correlation[2, 1] = 0.3
    np.fill_diagonal(correlation, 1.0)
    return np.diag(_CURVE_SD_RAD) @ np.linalg.cholesky(correlation)


def _unpack(x: np.ndarray, root: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From standardised unknowns (..., 31): tilts (..., 25), sacral slope (...), length scale (...)."""
    mean = np.array([DEFAULT_LORDOSIS_RAD, DEFAULT_KYPHOSIS_RAD, DEFAULT_SACRAL_SLOPE_RAD])
    curve = mean + x[..., :_NUM_CURVE] @ _curve_root().T
    # neutral_tilts is linear in its three angles.
    columns = np.stack([neutral_tilts(*row) for row in np.eye(3)], axis=1)
    tilts = curve @ columns.T
    tilts[..., : len(LEVELS)] += x[..., _SLOTS:] @ root.T
    return tilts, curve[..., 2], _LENGTH_MEAN + _LENGTH_SD * x[..., 3]


def _chain(
    x: np.ndarray, root: np.ndarray, base: SpineShape, rise: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sagittal positions of spinous tips (..., 24, 2) and of the skull's origin (..., 2), from S1."""
    tilts, slope, length = _unpack(x, root)
    below = np.concatenate([slope[..., None], tilts[..., :-1]], axis=-1)
    up = base.joint_offsets_m[:, 1] * length[..., None]
    up[..., 0] = base.joint_offsets_m[0, 1] * length
    up[..., 1:] *= rise[:-1]
    joints = np.cumsum(np.stack([up * np.sin(below), up * np.cos(below)], axis=-1), axis=-2)
    joints = joints + _SACRUM_UNIT_M * x[..., None, 5:7]
    own = tilts[..., : len(LEVELS)]
    back, high = base.spinous_tips_m[:, 0], base.spinous_tips_m[:, 1] * length[..., None]
    turned = np.stack(
        [back * np.cos(own) + high * np.sin(own), -back * np.sin(own) + high * np.cos(own)], axis=-1
    )
    return joints[..., : len(LEVELS), :] + turned, joints[..., -1, :]


def _residual(x: np.ndarray, root: np.ndarray, base: SpineShape, evidence: _Evidence) -> np.ndarray:
    """Standardised misfits (..., R)."""
    tips, skull = _chain(x, root, base, evidence.rise)
    rows = [LEVELS.index(name) for name in evidence.levels]
    swell, excess = _thickness(x, evidence)
    depth = evidence.depth * swell + excess
    gap = tips[..., rows, :] - evidence.skin - evidence.inward * depth[..., None]
    across = (gap * evidence.inward).sum(-1) / evidence.own_depth_sd
    along_axis = np.stack([-evidence.inward[:, 1], evidence.inward[:, 0]], axis=1)
    along = (gap * along_axis).sum(-1) / _PLACEMENT_SD_M
    parts = [across, along]
    for pair in evidence.spines:
        # What is told of S1 counts on a usual depth: with more of it the bone is farther in.
        deeper = -pair.skin_ahead * (pair.depth * (swell - 1.0) + excess)
        told = pair.s1 + np.concatenate([deeper, np.zeros_like(deeper)], axis=-1)
        parts.append((_SACRUM_UNIT_M * x[..., 5:7] - told) / pair.sd)
    if evidence.skull is not None:
        parts.append((skull - evidence.skull) / _SKULL_SD_M)
    return np.concatenate(parts, axis=-1)


def _thickness(x: np.ndarray, evidence: _Evidence) -> tuple[np.ndarray, np.ndarray]:
    """The subject's skin over the mean for the build: a factor and what comes to it, metres, (..., 1) each."""
    mean, sd = evidence.excess
    return np.exp(evidence.common_depth_sd * x[..., 4:5]), mean + sd * x[..., 7:8]


def _linearise(
    x: np.ndarray, root: np.ndarray, base: SpineShape, evidence: _Evidence
) -> tuple[np.ndarray, np.ndarray]:
    """Misfits (R,) and their derivative (R, 31) by central differences, all columns in one batch."""
    step = 1e-4
    nudged = np.concatenate([x + step * np.eye(len(x)), x - step * np.eye(len(x))])
    values = _residual(nudged, root, base, evidence)
    jacobian = (values[: len(x)] - values[len(x) :]).T / (2 * step)
    return _residual(x, root, base, evidence), jacobian


def _result(
    x: np.ndarray,
    covariance: np.ndarray,
    root: np.ndarray,
    base: SpineShape,
    evidence: _Evidence,
    stature_m: float,
    sex: str,
) -> Posture:
    tilts, slope, length = _unpack(x, root)
    spine = spine_from_tilts(stature_m, sex, tilts, float(slope), float(length))
    tips = _chain(x, root, base, evidence.rise)[0]
    swell, excess = (float(part[0]) for part in _thickness(x, evidence))
    residual = {}
    for name, skin, inward, mean in zip(
        evidence.levels, evidence.skin, evidence.inward, evidence.depth, strict=True
    ):
        residual[name] = float(
            np.linalg.norm(tips[LEVELS.index(name)] - skin - inward * (mean * swell + excess))
        )
    usual = (
        float(evidence.depth.mean())
        if len(evidence.depth)
        else soft_tissue.depth_m("L3", soft_tissue.REFERENCE_BMI)
    )
    spread = _landmark_covariance(x, covariance, root, stature_m, sex)
    return Posture(spine, _SACRUM_UNIT_M * x[5:7], spread, float(length), swell + excess / usual, residual)


def _landmark_covariance(
    x: np.ndarray,
    covariance: np.ndarray,
    root: np.ndarray,
    stature_m: float,
    sex: str,
) -> np.ndarray:
    """Covariance of the landmarks under the posterior, sacrum's frame, (9, 3, 3)."""

    def points(y: np.ndarray) -> np.ndarray:
        tilts, slope, length = _unpack(y, root)
        spine = spine_from_tilts(stature_m, sex, tilts, float(slope), float(length))
        frames = spine_forward(spine, np.zeros(len(REGIONAL_COORDINATES)))
        shift = np.append(_SACRUM_UNIT_M * y[5:7], 0.0)
        return landmarks(spine, frames) + shift

    step = 1e-3
    centre = points(x)
    jacobian = np.stack([(points(x + step * e) - centre) / step for e in np.eye(len(x))], axis=-1)
    shape = np.einsum("kip,pq,kjq->kij", jacobian, covariance, jacobian)
    return shape + np.diag([_TIP_TO_LANDMARK_SD_M**2, _TIP_TO_LANDMARK_SD_M**2, 0.0])
