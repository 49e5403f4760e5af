"""From a static trial to a subject's model: sizes, pelvis, spine, pose, and every marker placed where it was.

The static pose is fitted, never assumed (assuming it cost 23 mm of vertebral error in a closed loop). What is taken
from the situation is that a person in a static trial stands, so that the pelvis is near its own neutral tilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from opensim_models.anatomy import soft_tissue
from opensim_models.anatomy.levels import REFERENCE_STATURE_M
from opensim_models.anatomy.segments import DORSAL_LEVELS, MARKER_OFFSETS_M, NOMINAL_STATURE_M, S1_IN_PELVIS_M
from opensim_models.girth import assess_build
from opensim_models.ik import Problem, default_problem, solve
from opensim_models.initial import kabsch
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.lateral import Lateral, bent, estimate_lateral
from opensim_models.markers import MARKERS
from opensim_models.posture import Posture, estimate_posture
from opensim_models.subject import SEGMENTS, SubjectShape, model_spec, nominal_markers
from spinepose.errors import InputError

PELVIS_SPINES = ("LASI", "RASI", "LPSI", "RPSI")
SACRUM_MARKER = "SACR"  # between the posterior spines, in place of both
# On the static standard deviations, sacrum to C1, where markers were placed on moving frames, whose posture counts as
# neutral: the higher, the more joints were bent in them. Set on people of the tests' hard data.
_NOT_STANDING = np.array([1.6, 1.6, 1.6, 1.7, 2.1, 2.5, 2.7, 2.7, 2.6])
TECHNICAL_WEIGHT = 0.5  # of markers that the table does not know
_SCALE_LIMITS = (0.75, 1.35)  # of a segment relative to what stature says
# How far the tilt that the iliac spines show is believed against a pelvis that stands neutral: a person's standing
# tilt varies by about 4 degrees, the shape of pelves and the markers on them by about 7 [guess]: 16 / (16 + 49).
# Of a moving trial's most upright frame the pelvis' own tilt varies by some 12.
_TILT_BELIEF = {True: 0.25, False: 0.75}
_LIST_BELIEF = {True: 0.5, False: 0.9}
_PSI_BONE_TO_S1_M = (
    0.062,
    0.010,
)  # forward and up, at the nominal stature; from the tables of anatomy.segments
_ASI_BONE_IN_PELVIS_M = (0.062, 0.062)
_SHOULDER_DROP_M = 0.05  # of the shoulder's centre under the acromion
_BENT_ELBOW_RAD, _CARRYING_RAD = np.radians(50.0), np.radians([-5.0, 30.0])
# Held near zero in the static fit: the spine's neutral is the static posture itself.
_HELD = 10.0  # m2/rad2
_LOOSE = 0.02  # m2/rad2 for bending and rotation of the neck: nobody is asked to hold the head straight


@dataclass(frozen=True)
class StaticFit:
    """A subject's model after the static trial.

    Attributes:
        shape: The subject, markers placed.
        coordinates: The static pose, (Q,), of the kinematics compiled from ``shape``.
        scales: Factor of each segment's length relative to what stature says.
        posture: The spine's estimate.
        placement_rms_m: How far markers sat from their expected places before they were placed, RMS.
        warnings: What looked odd, in words.
        lateral: The spine from side to side.
    """

    shape: SubjectShape
    coordinates: np.ndarray
    scales: dict[str, float]
    posture: Posture
    placement_rms_m: float
    warnings: tuple[str, ...]
    lateral: Lateral


def fit_static(
    name: str,
    stature_m: float,
    sex: str,
    mass_kg: float,
    markers_m: dict[str, np.ndarray],
    bodies: Mapping[str, str] | None = None,
    quiet: bool = True,
    mass_told: bool = True,
) -> StaticFit:
    """Make a subject's model from one averaged static frame.

    Args:
        name: Name of the model.
        stature_m: Standing height, metres.
        sex: ``female`` or ``male``.
        mass_kg: Body mass.
        markers_m: Marker name to its place, (3,), OpenSim's axes with y along gravity's up. Any part of the marker
            table that shows the pelvis; what lacks keeps its prior.
        bodies: Body of each technical marker, one the table does not know; such a marker is placed where the fitted
            pose has it.
        mass_told: Whether the mass was measured; else the skin's depth is less sure.
        quiet: Whether the frame is of quiet standing; else it is what came nearest in a moving trial.

    Raises:
        InputError: The pelvis is not shown.
    """
    shown = complete_pelvis(markers_m, stature_m)
    build = soft_tissue.bmi(stature_m, mass_kg)
    known = assess_build(build, shown, stature_m, mass_told)
    pelvis = _pelvis_pose(shown, quiet)
    s1, from_front, hip_middle = _pelvis_points(shown, pelvis, stature_m, build)
    local = {n: pelvis.T @ (p - s1) for n, p in shown.items()}
    dorsal = {level: local[level] for level in DORSAL_LEVELS if level in local}
    dorsal["PSI"] = (local["LPSI"] + local["RPSI"]) / 2
    skull = _skull_origin(local, stature_m, quiet)

    def sagittal(bends_rad: np.ndarray | None) -> Posture:
        return estimate_posture(
            stature_m, sex, build, dorsal, skull, bends_rad, known.bmi_sd, quiet,
            pelvis.T @ (from_front - s1), known.excess_m,
        )  # fmt: skip

    lateral = _lateral(local, stature_m, sagittal(None), quiet)
    posture = sagittal(lateral.bends_rad)
    spine = bent(posture.spine, lateral, stature_m / REFERENCE_STATURE_M)
    spread = posture.landmark_covariance_m2.copy()
    spread[:, 2, 2] += lateral.landmark_variance_m2
    if not quiet:
        spread *= _NOT_STANDING[:, None, None] ** 2
    posture = replace(posture, spine=spine, landmark_covariance_m2=spread)
    s1 = s1 + pelvis @ np.append(posture.s1_shift_m, lateral.foot_m)
    scales = _scales(shown, stature_m, hip_middle, pelvis)
    shape = SubjectShape(
        name, mass_kg, posture.spine, scales, pelvis.T @ (s1 - hip_middle),
        {n: v for n, v in nominal_markers(posture.spine, scales, build).items() if n in markers_m},
        _carrying(shown, stature_m),
    )  # fmt: skip
    kinematics = compile_model(model_spec(shape))
    x, rms = _fit_pose(kinematics, markers_m, pelvis, hip_middle)
    placed = replace(shape, marker_offsets_m=_placed(kinematics, x, markers_m, bodies or {}))
    stature_scale = stature_m / NOMINAL_STATURE_M
    shares = {segment: float(scales[segment][1] / stature_scale) for segment in SEGMENTS}
    shares["spine"] = posture.length_scale
    return StaticFit(placed, x, shares, posture, rms, _odd(shares) + known.doubts, lateral)


def with_shares(
    fitted: StaticFit, shares: np.ndarray, markers_m: dict[str, np.ndarray], bodies: Mapping[str, str]
) -> StaticFit:
    """The same subject with other shares (25, 3): markers are placed again in the same pose."""
    spine = replace(fitted.shape.spine, shares=shares)
    shape = replace(fitted.shape, spine=spine)
    placed = _placed(compile_model(model_spec(shape)), fitted.coordinates, markers_m, bodies)
    return replace(
        fitted,
        shape=replace(shape, marker_offsets_m=placed),
        posture=replace(fitted.posture, spine=spine),
    )


def complete_pelvis(markers_m: dict[str, np.ndarray], stature_m: float) -> dict[str, np.ndarray]:
    """All markers and the pelvis' four spines: one that lacks is mirrored, two posterior ones come from ``SACR``.

    Raises:
        InputError: Less is there than a pelvis needs.
    """
    shown = dict(markers_m)
    lacking = [name for name in PELVIS_SPINES if name not in shown]
    if lacking == ["LPSI", "RPSI"] and SACRUM_MARKER in shown:
        across = shown["RASI"] - shown["LASI"]
        half = MARKER_OFFSETS_M["PSI"][1][2] * stature_m / NOMINAL_STATURE_M * across / np.linalg.norm(across)
        shown["LPSI"], shown["RPSI"] = shown[SACRUM_MARKER] - half, shown[SACRUM_MARKER] + half
        return shown
    if len(lacking) > 1:
        raise InputError(
            f"the pelvis lacks the markers {', '.join(lacking)}: at least three of {', '.join(PELVIS_SPINES)}, or the "
            f"anterior two and {SACRUM_MARKER}, are needed"
        )
    for name in lacking:
        stem, side = name[1:], name[0]
        other = "PSI" if stem == "ASI" else "ASI"
        middle, across = _middle(shown, other), shown[f"R{other}"] - shown[f"L{other}"]
        across = across / np.linalg.norm(across)
        twin = shown[f"{'R' if side == 'L' else 'L'}{stem}"]
        shown[name] = twin - 2 * ((twin - middle) @ across) * across
    return shown


def _middle(markers_m: dict[str, np.ndarray], stem: str) -> np.ndarray:
    return (markers_m[f"L{stem}"] + markers_m[f"R{stem}"]) / 2


def _pelvis_pose(markers_m: dict[str, np.ndarray], quiet: bool) -> np.ndarray:
    """Orientation of the pelvis in ground, (3, 3), from its four spines and, the more so in standing, gravity."""
    across = markers_m["RASI"] - markers_m["LASI"] + markers_m["RPSI"] - markers_m["LPSI"]
    across = across / np.linalg.norm(across)
    ahead = np.cross([0.0, 1.0, 0.0], across)
    yaw = np.arctan2(-ahead[2], ahead[0])
    # A list about +x takes the right side (z) down.
    roll = _LIST_BELIEF[quiet] * np.arcsin(np.clip(-across[1], -1.0, 1.0))
    line = _middle(markers_m, "ASI") - _middle(markers_m, "PSI")
    measured = np.arctan2(line[1], np.hypot(line[0], line[2]))
    asi, psi = np.array(MARKER_OFFSETS_M["ASI"][1]), np.array(MARKER_OFFSETS_M["PSI"][1])
    expected = np.arctan2(asi[1] - psi[1], asi[0] - psi[0])
    pitch = _TILT_BELIEF[quiet] * (measured - expected)
    return _yaw_list_tilt(yaw, roll, pitch)


def _yaw_list_tilt(yaw: float, roll: float, pitch: float) -> np.ndarray:
    cy, sy, cx, sx, cz, sz = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(roll),
        np.sin(roll),
        np.cos(pitch),
        np.sin(pitch),
    )
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return turn_y @ turn_x @ turn_z


def _pelvis_points(
    markers_m: dict[str, np.ndarray], pelvis: np.ndarray, stature_m: float, build: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The S1 endplate's centre by the posterior and by the anterior spines, and the mid-hip, (3,) each, in ground."""
    scale = stature_m / NOMINAL_STATURE_M
    psi_bone = _middle(markers_m, "PSI") + pelvis[:, 0] * soft_tissue.depth_m("PSI", build)
    asi_bone = _middle(markers_m, "ASI") - pelvis[:, 0] * soft_tissue.depth_m("ASI", build)
    s1 = psi_bone + pelvis @ np.append(_PSI_BONE_TO_S1_M, 0.0) * scale
    from_back = s1 - pelvis @ np.array(S1_IN_PELVIS_M) * scale
    from_front = asi_bone - pelvis @ np.append(_ASI_BONE_IN_PELVIS_M, 0.0) * scale
    return s1, from_front + pelvis @ np.array(S1_IN_PELVIS_M) * scale, (from_back + from_front) / 2


def _lateral(local_m: dict[str, np.ndarray], stature_m: float, posture: Posture, quiet: bool) -> Lateral:
    """The spine from side to side; places count from the S1 endplate where the sagittal estimate has it."""
    shift = np.append(posture.s1_shift_m, 0.0)
    skull = _skull_origin(local_m, stature_m, quiet)
    moved = {name: point - shift for name, point in local_m.items()}
    return estimate_lateral(posture.spine, moved, None if skull is None else skull - shift, quiet)


def _skull_origin(local_m: dict[str, np.ndarray], stature_m: float, quiet: bool) -> np.ndarray | None:
    """Where the head's four markers put the skull's origin, or None without them.

    The head of somebody who stands is taken as upright; else it is held as its markers are.
    """
    names = [f"{side}{stem}" for stem in ("FHD", "BHD") for side in ("L", "R")]
    if any(name not in local_m for name in names):
        return None
    table = [np.array(MARKER_OFFSETS_M[n[1:]][1]) * (1.0, 1.0, -1.0 if n[0] == "L" else 1.0) for n in names]
    nominal = np.array(table) * stature_m / NOMINAL_STATURE_M
    shown = np.array([local_m[name] for name in names])
    turn = np.eye(3) if quiet else kabsch(nominal, shown)[0]
    return shown.mean(axis=0) - turn @ nominal.mean(axis=0)


def _scales(
    markers_m: dict[str, np.ndarray], stature_m: float, hip_middle: np.ndarray, pelvis: np.ndarray
) -> dict[str, np.ndarray]:
    """Factors on the segment tables: lengths from markers, the mean of both sides; stature where markers lack."""
    base = stature_m / NOMINAL_STATURE_M
    scales = {segment: np.full(3, base) for segment in SEGMENTS}
    width = np.linalg.norm(markers_m["RASI"] - markers_m["LASI"]) / (2 * MARKER_OFFSETS_M["ASI"][1][2])
    scales["pelvis"][2] = np.clip(np.sqrt(base * width), *np.multiply(_SCALE_LIMITS, base))
    hip = 0.085 * scales["pelvis"][2]
    shoulder_drop = np.array([0.0, _SHOULDER_DROP_M * base, 0.0])

    def middle(side: str, first: str, second: str) -> np.ndarray | None:
        pair = (f"{side}{first}", f"{side}{second}")
        return (markers_m[pair[0]] + markers_m[pair[1]]) / 2 if all(n in markers_m for n in pair) else None

    ends: dict[str, list[tuple[np.ndarray | None, np.ndarray | None]]] = {}
    for side, sign in (("R", 1.0), ("L", -1.0)):
        hip_centre = hip_middle + pelvis[:, 2] * sign * hip
        knee, ankle = middle(side, "KNL", "KNM"), middle(side, "ANL", "ANM")
        elbow, wrist = middle(side, "ELL", "ELM"), middle(side, "WRR", "WRU")
        acromion = markers_m.get(f"{side}ACR")
        shoulder = None if acromion is None else acromion - shoulder_drop
        pairs = {
            "femur": (hip_centre, knee), "tibia": (knee, ankle), "humerus": (shoulder, elbow),
            "forearm": (elbow, wrist), "hand": (wrist, markers_m.get(f"{side}FIN")),
            "foot": (markers_m.get(f"{side}HEE"), markers_m.get(f"{side}TOE")),
        }  # fmt: skip
        for segment, pair in pairs.items():
            ends.setdefault(segment, []).append(pair)
    nominal = {"femur": 0.41, "tibia": 0.41, "humerus": 0.30, "forearm": 0.248, "hand": 0.0906, "foot": 0.185}
    for segment, pairs_ in ends.items():
        lengths = [np.linalg.norm(a - b) for a, b in pairs_ if a is not None and b is not None]
        if lengths:
            ratio = float(np.mean(lengths)) / nominal[segment]
            scales[segment][:] = np.clip(ratio, *np.multiply(_SCALE_LIMITS, base))
    if "LACR" in markers_m and "RACR" in markers_m:
        ratio = float(np.linalg.norm(markers_m["RACR"] - markers_m["LACR"])) / (2 * 0.180)
        scales["clavicle"][:] = np.clip(ratio, *np.multiply(_SCALE_LIMITS, base))
    return scales


def _carrying(markers_m: dict[str, np.ndarray], stature_m: float) -> dict[str, float]:
    """Carrying angle of each elbow that is shown and not much bent, radians: 12 degrees in men, 17 in women (Van Roy
    2005, Ergonomics 48:1645).

    A model without it turns the whole upper arm about itself to get at the wrist of a straight arm; once markers are
    placed so, the elbow bends about a wrong axis.
    """
    found = {}
    drop = np.array([0.0, _SHOULDER_DROP_M * stature_m / NOMINAL_STATURE_M, 0.0])
    for side in "RL":
        names = [f"{side}{stem}" for stem in ("ACR", "ELL", "ELM", "WRR", "WRU")]
        if any(name not in markers_m for name in names):
            continue
        acromion, lateral, medial, radial, ulnar = (markers_m[name] for name in names)
        elbow, wrist = (lateral + medial) / 2, (radial + ulnar) / 2
        upper, fore, axis = elbow - acromion + drop, wrist - elbow, lateral - medial
        upper, fore = upper / np.linalg.norm(upper), fore / np.linalg.norm(fore)
        axis = axis - (axis @ upper) * upper
        axis /= np.linalg.norm(axis)
        straight = np.hypot(fore @ upper, fore @ axis)
        if straight > np.cos(_BENT_ELBOW_RAD):
            angle = np.arctan2(fore @ axis, fore @ upper)
            found[side.lower()] = float(np.clip(angle, *_CARRYING_RAD))
    return found


def _fit_pose(
    kinematics: Kinematics, markers_m: dict[str, np.ndarray], pelvis: np.ndarray, hip_middle: np.ndarray
) -> tuple[np.ndarray, float]:
    """Solve the static pose with the pelvis and the spine held; coordinates and marker RMS before placing."""
    measured = np.array([markers_m[name] for name in kinematics.marker_names])
    weights = marker_weights(kinematics.marker_names)
    problem = default_problem(kinematics, weights)
    prior, stiffness = problem.prior.copy(), problem.prior_stiffness.copy()
    prior[:3] = hip_middle
    prior[3] = np.arctan2(pelvis[0, 2], pelvis[2, 2])
    prior[4] = np.arcsin(-pelvis[1, 2])
    prior[5] = np.arctan2(pelvis[1, 0], pelvis[1, 1])
    stiffness[:6] = 100.0
    for name in kinematics.coordinate_names:
        if name.split("_")[0] in ("lumbar", "thoracic", "cervical"):
            loose = name in ("cervical_bending", "cervical_rotation")
            stiffness[kinematics.index(name)] = _LOOSE if loose else _HELD
    held = Problem(weights, problem.soft_lower, problem.soft_upper, prior, stiffness, huber_m=0.10)
    solution = solve(
        kinematics,
        held,
        measured[None],
        prior,
        posture_presets(kinematics),
        bad_rms_m=0.05,
        bad_marker_m=0.15,
    )
    return solution.coordinates[0], float(solution.rms_m[0])


def posture_presets(kinematics: Kinematics) -> np.ndarray:
    """Postures that bad frames are tried from: hanging arms, T-pose, arms ahead, overhead, crouched, (P, Q)."""
    presets = np.zeros((5, len(kinematics.coordinate_names)))

    def put(row: int, stem: str, degrees: float) -> None:
        for side in ("r", "l"):
            presets[row, kinematics.index(f"{stem}_{side}")] = np.radians(degrees)

    put(0, "shoulder_adduction", 40)
    put(1, "shoulder_adduction", -45)
    put(2, "shoulder_flexion", 90)
    put(2, "shoulder_adduction", 45)
    put(3, "shoulder_flexion", 170)
    put(3, "shoulder_adduction", 30)
    put(4, "hip_flexion", 90)
    put(4, "knee_flexion", 100)
    put(4, "shoulder_flexion", 80)
    return presets


def marker_weights(names: tuple[str, ...]) -> np.ndarray:
    """Weights of the marker table in the order of ``names``, (K,)."""
    table = {marker.name: marker.weight for marker in MARKERS}
    return np.array([table.get(name, TECHNICAL_WEIGHT) for name in names])


def _placed(
    kinematics: Kinematics, x: np.ndarray, markers_m: dict[str, np.ndarray], technical: Mapping[str, str]
) -> dict[str, tuple[str, np.ndarray]]:
    """Each marker in the frame of its body, as the fitted pose has it."""
    rotations, origins = kinematics.bodies(x)
    own = {
        name: kinematics.body_names[body]
        for name, body in zip(kinematics.marker_names, kinematics.marker_bodies, strict=True)
    }
    for name, body in technical.items():
        if name in markers_m and name not in own:
            if body not in kinematics.body_names:
                raise InputError(f"marker {name!r} is on {body!r}, which is no body of the model")
            own[name] = body
    placed = {}
    for name, body in own.items():
        index = kinematics.body_names.index(body)
        placed[name] = (body, rotations[index].T @ (markers_m[name] - origins[index]))
    return placed


def _odd(scales: dict[str, float]) -> tuple[str, ...]:
    low, high = 0.80, 1.25
    return tuple(
        f"{segment} is {100 * scale:.0f} % of what the stature says"
        for segment, scale in scales.items()
        if segment not in ("hand", "foot") and not low <= scale <= high
    )
