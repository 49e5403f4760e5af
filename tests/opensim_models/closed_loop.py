"""People with an anatomy that the fit does not know, for measuring what the fit is worth.

Everything the fit takes from a table is drawn here away from the table: curvature, vertebra sizes, the share of
motion each level takes, skin depth, the sacrum's place in the pelvis, limb lengths, where markers were stuck; back
markers ride on skin that follows three levels at once and not on one vertebra, and the static pose is not neutral.
The bodies are still chains of the same joints: this measures how the fit stands wrong numbers, not wrong structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from opensim_models.anatomy import soft_tissue
from opensim_models.anatomy.coordinates import JOINT_LEVELS, LEVELS, REGIONAL_COORDINATES, region_of_joint
from opensim_models.anatomy.segments import DORSAL_LEVELS
from opensim_models.ik import solve
from opensim_models.initial import align_root
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.markers import MARKER_NAMES
from opensim_models.problem import trial_problem
from opensim_models.scale import fit_static, posture_presets
from opensim_models.spine import REGIONAL_RANGES_RAD, assemble, neutral_tilts, spine_forward, spine_from_tilts
from opensim_models.standing import frame_from_motion
from opensim_models.subject import SubjectShape, average_shape, model_spec
from opensim_models.trial import MarkerTrial, to_world
from opensim_models.uncertainty import Uncertainty, landmark_uncertainty
from opensim_models.unknowns import estimate_info

MIDLINE = ("C7", "T3", "T8", "T12", "L3", "L5")
TRUNK = (*MIDLINE, "CLAV", "STRN", "LT10P", "RT10P", "LL2P", "RL2P", "LRIB", "RRIB")
_SPARSE_LACKS = tuple(n for n in TRUNK if n not in ("C7", "CLAV")) + tuple(
    f"{side}{stem}" for side in "LR" for stem in ("FHD", "BHD", "ICR")
)
# Marker subsets of the ablation; sparse is what a gait laboratory's full-body set has on the trunk.
SUBSETS: dict[str, tuple[str, ...]] = {
    "all": MARKER_NAMES,
    "no midline": tuple(n for n in MARKER_NAMES if n not in MIDLINE),
    "no trunk": tuple(n for n in MARKER_NAMES if n not in TRUNK),
    "sparse": tuple(n for n in MARKER_NAMES if n not in _SPARSE_LACKS),
}

SKIN_OUT_M = 0.020
# Which way the trunk's skin goes out: forward, and to its own side.
_OUTWARD = {
    "CLAV": (1.0, 0.0), "STRN": (1.0, 0.0), "T10P": (-1.0, 0.0), "L2P": (-1.0, 0.0), "RIB": (0.0, 1.0),
    "ASI": (1.0, 0.0), "PSI": (-1.0, 0.0), "ICR": (0.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A hidden person: what may be told (stature, mass, sex) and what may not (the rest)."""

    stature_m: float
    mass_kg: float
    sex: str
    kinematics: Kinematics
    riders: dict[str, tuple[np.ndarray, np.ndarray]]
    trunk_names: tuple[str, ...]

    def frame(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Markers (K, 3) and the nine true spinetrack landmarks (9, 3) in a pose, OpenSim's axes."""
        markers = self.kinematics.markers(x)
        rotations, origins = self.kinematics.bodies(x)
        for name, (bodies, offsets) in self.riders.items():
            carried = np.einsum("kij,kj->ki", rotations[bodies], offsets) + origins[bodies]
            markers[self.kinematics.marker_names.index(name)] = carried.mean(axis=0)
        return markers, self.kinematics.stations(x)[:9]


def person_rand(rng: np.random.Generator) -> Person:
    """Draw a person; BMI from 18 to 36."""
    stature, sex = rng.uniform(1.52, 1.92), str(rng.choice(["female", "male"]))
    build = rng.uniform(18, 36)
    shape = _shape_rand(rng, stature, sex, build)
    kinematics = compile_model(model_spec(shape))
    return Person(
        stature, build * stature**2, sex, kinematics, _riders(kinematics, shape), kinematics.marker_names
    )


def _shape_rand(rng: np.random.Generator, stature: float, sex: str, build: float) -> SubjectShape:
    slope = np.radians(rng.normal(40, 8))
    lordosis = np.radians(50) + 0.8 * (slope - np.radians(40)) + np.radians(rng.normal(0, 7))
    tilts = neutral_tilts(lordosis, np.radians(rng.normal(42, 9)), slope)
    tilts[:-1] += np.radians(rng.normal(0, 2.0, len(LEVELS)))
    base = spine_from_tilts(stature, sex, tilts, float(slope), rng.normal(1.03, 0.04))
    tips = base.spinous_tips_m * np.array([1.0, 1.0, 1.0]) + rng.normal(0, 0.002, (len(LEVELS), 3))
    tips[:, 0] *= rng.normal(1.0, 0.06)
    spine = assemble(
        base.joint_offsets_m, base.joint_rotations, _shares_rand(rng, base.shares), base.body_centres_m, tips,
        base.sacral_slope_rad, stature / 1.68,
    )  # fmt: skip
    shape = average_shape(stature, build * stature**2, spine)
    scales = {segment: scale * rng.normal(1.0, 0.05, 3) for segment, scale in shape.scales.items()}
    markers = {
        n: (b, o + rng.normal(0, 0.010, 3))
        for n, (b, o) in average_shape(stature, 1.0, spine).marker_offsets_m.items()
    }
    markers.update(_dorsal_rand(rng, spine, build))
    fat = max(build - 24, 0) * 0.0015
    for side in "LR":
        for stem, axis in (("ASI", 0), ("PSI", 0), ("ICR", 2)):
            _, offset = markers[f"{side}{stem}"]
            sign = {"ASI": 1.0, "PSI": -1.0}.get(stem, -1.0 if side == "L" else 1.0)
            offset[axis] += sign * fat
    s1 = shape.s1_in_pelvis_m + np.append(rng.normal(0, 0.007, 2), 0.0)
    return replace(shape, spine=spine, scales=scales, s1_in_pelvis_m=s1, marker_offsets_m=markers)


def _shares_rand(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """Shares off by 35 %, each region's sum still one."""
    drawn = shares * np.exp(rng.normal(0, 0.35, shares.shape))
    regions = np.array([region_of_joint(level) for level in JOINT_LEVELS])
    for region in np.unique(regions):
        drawn[regions == region] /= drawn[regions == region].sum(axis=0)
    return drawn


def _dorsal_rand(rng: np.random.Generator, spine, build: float) -> dict[str, tuple[str, np.ndarray]]:
    """Midline markers: behind the hidden tips by a hidden depth, stuck 6 mm off along the back and 3 mm beside it."""
    upright = spine_forward(spine, np.zeros(len(REGIONAL_COORDINATES)))[1:, :3, :3]
    common = np.exp(rng.normal(0, 0.22))
    out = {}
    for level in DORSAL_LEVELS:
        index = LEVELS.index(level)
        depth = soft_tissue.depth_m(level, build) * common * np.exp(rng.normal(0, 0.15))
        away = np.array([-depth, rng.normal(0, 0.006), rng.normal(0, 0.003)])
        lean = 0.5 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) + 0.5 * upright[index].T
        out[level] = (level, spine.spinous_tips_m[index] + lean @ away)
    return out


def _riders(kinematics: Kinematics, shape: SubjectShape) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Back markers ride on the mean of their level and its two neighbours, fixed in neutral standing."""
    rotations, origins = kinematics.bodies(np.zeros(len(kinematics.coordinate_names)))
    riders = {}
    for name in (*DORSAL_LEVELS, "LT10P", "RT10P", "LL2P", "RL2P"):
        level = LEVELS.index(shape.marker_offsets_m[name][0])
        bodies = np.array(
            [kinematics.body_names.index(LEVELS[i]) for i in (level - 1, level, level + 1) if i >= 0]
        )
        place = kinematics.markers(np.zeros(len(kinematics.coordinate_names)))[
            kinematics.marker_names.index(name)
        ]
        offsets = np.einsum("kji,kj->ki", rotations[bodies], place - origins[bodies])
        riders[name] = (bodies, offsets)
    return riders


def static_pose_rand(rng: np.random.Generator, kinematics: Kinematics) -> np.ndarray:
    """Standing, near neutral but not at it, facing anywhere, arms between hanging and T."""
    x = np.zeros(len(kinematics.coordinate_names))
    x[:3] = rng.normal(0, 1, 3)
    x[3:6] = rng.uniform(-np.pi, np.pi), *np.radians(rng.normal(0, 2, 2))
    x[6:15] = np.radians(rng.normal(0, 2.0, 9))
    arm = np.radians(rng.uniform(-40, 35))
    for side in "rl":
        x[kinematics.index(f"shoulder_adduction_{side}")] = arm
        x[kinematics.index(f"hip_flexion_{side}")] = np.radians(rng.normal(0, 3))
    return x


def motion_rand(rng: np.random.Generator, kinematics: Kinematics, frames: int) -> np.ndarray:
    """A smooth wander through most of the spine's range with moving limbs, shape (frames, Q)."""
    size, t = len(kinematics.coordinate_names), np.linspace(0, 1, frames)[:, None]
    reach = 0.5 * np.minimum(-kinematics.lower, kinematics.upper)
    reach[:3], reach[3], reach[4], reach[5] = 0.3, 2.0, 0.2, 0.6
    reach[6:15] = 0.7 * np.abs(REGIONAL_RANGES_RAD).min(axis=1)
    return reach * np.sin(2 * np.pi * (rng.uniform(0.3, 1.2, size) * t + rng.uniform(0, 1, size)))


def hard_person_rand(rng: np.random.Generator, told: bool = True) -> Person:
    """A person of the hard data: size off by 3 %, markers 10 mm off, trunk skin 20 mm out, shares off by 35 %.

    Args:
        rng: Drawn from.
        told: Whether the mass that the fit is told fits the thick skin; if not it is that of a lean person, and
            nothing tells the fit that 20 mm lie between.
    """
    stature, sex = rng.uniform(1.52, 1.92), str(rng.choice(["female", "male"]))
    real = stature * (1 + rng.normal(0, 0.03))
    lean = rng.uniform(20, 25)
    slope = np.radians(rng.normal(40, 6))
    lordosis = np.radians(54) + 0.7 * (slope - np.radians(40)) + np.radians(rng.normal(0, 6))
    tilts = neutral_tilts(lordosis, np.radians(rng.normal(43, 7)), slope)
    tilts[:-1] += np.radians(rng.normal(0, 1.0, len(LEVELS)))
    base = spine_from_tilts(real, sex, tilts, float(slope), 1.05)
    spine = assemble(
        base.joint_offsets_m, base.joint_rotations, _shares_rand(rng, base.shares), base.body_centres_m,
        base.spinous_tips_m, base.sacral_slope_rad, real / 1.68,
    )  # fmt: skip
    shape = average_shape(real, lean * real**2, spine)
    scales = {segment: scale * rng.normal(1.0, 0.03) for segment, scale in shape.scales.items()}
    markers = {
        n: (b, o + rng.normal(0, 0.010, 3))
        for n, (b, o) in shape.marker_offsets_m.items()
        if n not in DORSAL_LEVELS
    }
    upright = spine_forward(spine, np.zeros(len(REGIONAL_COORDINATES)))[1:, :3, :3]
    for level in DORSAL_LEVELS:
        index = LEVELS.index(level)
        depth = soft_tissue.depth_m(level, lean) + SKIN_OUT_M
        # Palpated, a marker over a spinous process is some 6 mm off along the back and 4 mm beside it.
        away = np.array([-depth, rng.normal(0, 0.006), rng.normal(0, 0.004)])
        markers[level] = (
            level,
            spine.spinous_tips_m[index] + (0.5 * np.eye(3) + 0.5 * upright[index].T) @ away,
        )
    for name, way in _OUTWARD.items():
        for marker in (name, f"L{name}", f"R{name}"):
            if marker in markers:
                body, offset = markers[marker]
                turn = upright[LEVELS.index(body)].T if body in LEVELS else np.eye(3)
                side = -1.0 if marker == f"L{name}" else 1.0
                markers[marker] = (body, offset + SKIN_OUT_M * turn @ np.array([way[0], 0.0, side * way[1]]))
    shape = replace(shape, scales=scales, marker_offsets_m=markers)
    kinematics = compile_model(model_spec(shape))
    # The build at which the table has the midline's skin 20 mm further out.
    build = lean + (
        1000 * SKIN_OUT_M / np.mean([soft_tissue.DEPTHS[n][1] for n in DORSAL_LEVELS]) if told else 0.0
    )
    return Person(
        stature, build * stature**2, sex, kinematics, _riders(kinematics, shape), kinematics.marker_names
    )


def hard_trial(
    rng: np.random.Generator, person: Person, poses: np.ndarray, hz: float = 30.0
) -> tuple[np.ndarray, np.ndarray]:
    """Markers (T, K, 3) with noise and skin motion, and true landmarks (T, 9, 3), of poses (T, Q).

    Skin slides by an autoregressive walk with a memory of half a second: 7 mm (root mean square per axis) on the
    trunk, 4 mm on the pelvis and limbs, 2 mm on the head.
    """
    frames = [person.frame(x) for x in poses]
    markers = np.stack([m for m, _ in frames])
    names, bodies = person.kinematics.marker_names, person.kinematics.marker_bodies
    carriers = [person.kinematics.body_names[b] for b in bodies]
    size = np.array([0.007 if c in LEVELS else 0.002 if c == "skull" else 0.004 for c in carriers])
    memory = np.exp(-1.0 / (0.5 * hz))
    skin = np.empty_like(markers)
    state = rng.normal(0, 1, (len(names), 3))
    for t in range(len(poses)):
        skin[t] = size[:, None] * state
        state = memory * state + np.sqrt(1 - memory**2) * rng.normal(0, 1, state.shape)
    noisy = markers + skin + rng.normal(0, 0.003, markers.shape)
    return noisy, np.stack([points for _, points in frames])


@dataclass(frozen=True)
class HardFit:
    """One person of the hard data, fitted: landmarks found and true (T, 9, 3), and the stated errors."""

    found_m: np.ndarray
    truth_m: np.ndarray
    stated: Uncertainty

    @property
    def errors_m(self) -> np.ndarray:
        """Distances from the truth, (T, 9)."""
        return np.linalg.norm(self.found_m - self.truth_m, axis=-1)

    @property
    def mahalanobis(self) -> np.ndarray:
        """Squared distances in units of the stated covariance, (T, 9): chi-square with 3 degrees of freedom."""
        gap = self.found_m - self.truth_m
        return np.einsum("tki,tkij,tkj->tk", gap, np.linalg.inv(self.stated.covariance_m2), gap)


def fit_hard(
    seed: int,
    frames: int = 20,
    subset: str = "all",
    told: bool = True,
    weighed: bool = True,
    static: bool = True,
) -> HardFit:
    """Draw a person of the hard data, record them standing and moving, and fit both.

    Args:
        seed: Of the person and the recordings.
        frames: Frames of the moving trial.
        subset: One of ``SUBSETS``.
        told: Whether the mass told fits the thick skin; see :func:`hard_person_rand`.
        weighed: Whether a mass is told at all.
        static: Whether there is a static trial; else the markers are placed on the most upright moving frames.
    """
    rng = np.random.default_rng(seed)
    person = hard_person_rand(rng, told)
    standing = static_pose_rand(rng, person.kinematics)
    still = np.median(hard_trial(rng, person, np.repeat(standing[None], 15, axis=0))[0], axis=0)
    markers, truth = hard_trial(rng, person, motion_rand(rng, person.kinematics, frames))
    shown = dict(zip(person.trunk_names, still, strict=True))
    if not static:
        trial = MarkerTrial("hard", np.arange(frames) / 30.0, person.trunk_names, to_world(markers))
        shown = frame_from_motion("hard", person.stature_m, trial)[0]
    shown = {n: p for n, p in shown.items() if n in SUBSETS[subset]}
    mass = person.mass_kg if weighed else None
    _, mass, _, _ = estimate_info(person.stature_m, mass, person.sex, shown)
    fitted = fit_static("hard", person.stature_m, person.sex, mass, shown, quiet=static, mass_told=weighed)
    kinematics = compile_model(model_spec(fitted.shape))
    measured = markers[:, [person.trunk_names.index(n) for n in kinematics.marker_names]]
    problem = trial_problem(kinematics)
    start = align_root(kinematics, fitted.coordinates, measured[0])
    solution = solve(kinematics, problem, measured, start, posture_presets(kinematics))
    found = np.stack([kinematics.stations(x)[:9] for x in solution.coordinates])
    stated = landmark_uncertainty(kinematics, problem, solution, fitted.posture.landmark_covariance_m2)
    return HardFit(found, truth, stated)
