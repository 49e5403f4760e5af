"""From a static trial to a subject's model: sizes, pelvis, spine, pose, and every marker placed where it was.

The static pose is fitted, never assumed (assuming it cost 23 mm of vertebral error in a closed loop). What is taken
from the situation is that a person in a static trial stands, so that the pelvis is near its own neutral tilt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from opensim_models.anatomy import soft_tissue
from opensim_models.anatomy.segments import DORSAL_LEVELS, MARKER_OFFSETS_M, NOMINAL_STATURE_M, S1_IN_PELVIS_M
from opensim_models.ik import Problem, default_problem, solve
from opensim_models.kinematics import Kinematics, compile_model
from opensim_models.markers import MARKERS
from opensim_models.posture import Posture, estimate_posture
from opensim_models.subject import SEGMENTS, SubjectShape, model_spec, nominal_markers
from spinepose.errors import InputError

PELVIS_SPINES = ("LASI", "RASI", "LPSI", "RPSI")
SACRUM_MARKER = "SACR"  # between the posterior spines, in place of both
TECHNICAL_WEIGHT = 0.5  # of markers that the table does not know
_SCALE_LIMITS = (0.75, 1.35)  # of a segment relative to what stature says
# How far the tilt that the iliac spines show is believed against a pelvis that stands neutral: a person's standing
# tilt varies by about 4 degrees, the shape of pelves and the markers on them by about 7 [guess]: 16 / (16 + 49).
_TILT_BELIEF = 0.25
_LIST_BELIEF = 0.5
_PSI_BONE_TO_S1_M = (
    0.062,
    0.010,
)  # forward and up, at the nominal stature; from the tables of anatomy.segments
_ASI_BONE_IN_PELVIS_M = (0.062, 0.062)
# Lateral spread of the pelvis' middle from its markers, of a midline marker over its vertebra, and how far aside the
# column goes for its height; all [guess].
_PELVIS_MIDDLE_SD_M = 0.007
_MIDLINE_SD_M = 0.005
_MIDLINE_LEAN = 0.04
UNKNOWN_BMI = 24.0
# Lengths between markers relative to stature, from the tables of anatomy.segments; trunk: C7 to the posterior iliac
# spines, 509 mm (Ernst 2013) at an assumed 1.72 m.
_OF_STATURE = {"shanks": 0.41 / 1.70, "legs": 0.478 / 1.70, "forearms": 0.248 / 1.70, "trunk": 0.296}
# Coordinates the static fit holds near zero: their neutral is the static posture itself.
_HELD = {"lumbar_flexion": 10.0, "thoracic_flexion": 10.0, "cervical_flexion": 10.0}
_LOOSE = 0.02  # m2/rad2 for bending and rotation of the spine


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
    """

    shape: SubjectShape
    coordinates: np.ndarray
    scales: dict[str, float]
    posture: Posture
    placement_rms_m: float
    warnings: tuple[str, ...]


def fit_static(
    name: str,
    stature_m: float,
    sex: str,
    mass_kg: float,
    markers_m: dict[str, np.ndarray],
    bodies: Mapping[str, str] | None = None,
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

    Raises:
        InputError: The pelvis is not shown.
    """
    shown = complete_pelvis(markers_m, stature_m)
    build = soft_tissue.bmi(stature_m, mass_kg)
    pelvis = _pelvis_pose(shown)
    s1, hip_middle = _pelvis_points(shown, pelvis, stature_m, build)
    local = {n: pelvis.T @ (p - s1) for n, p in shown.items()}
    dorsal = {level: local[level] for level in DORSAL_LEVELS if level in local}
    dorsal["PSI"] = (local["LPSI"] + local["RPSI"]) / 2
    posture = estimate_posture(stature_m, sex, build, dorsal, _skull_origin(local, stature_m))
    aside, aside_variance = _midline_shift(local)
    s1 = s1 + pelvis @ np.append(posture.s1_shift_m, aside)
    spread = posture.landmark_covariance_m2 + np.diag([0.0, 0.0, aside_variance])
    posture = replace(posture, landmark_covariance_m2=spread)
    scales = _scales(shown, stature_m, hip_middle, pelvis)
    shape = SubjectShape(
        name, mass_kg, posture.spine, scales, pelvis.T @ (s1 - hip_middle),
        {n: v for n, v in nominal_markers(posture.spine, scales, build).items() if n in markers_m},
    )  # fmt: skip
    kinematics = compile_model(model_spec(shape))
    x, rms = _fit_pose(kinematics, markers_m, pelvis, hip_middle)
    placed = replace(shape, marker_offsets_m=_placed(kinematics, x, markers_m, bodies or {}))
    stature_scale = stature_m / NOMINAL_STATURE_M
    shares = {segment: float(scales[segment][1] / stature_scale) for segment in SEGMENTS}
    shares["spine"] = posture.length_scale
    return StaticFit(placed, x, shares, posture, rms, _odd(shares))


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


def _pelvis_pose(markers_m: dict[str, np.ndarray]) -> np.ndarray:
    """Orientation of the pelvis in ground, (3, 3), from its four spines and gravity."""
    across = markers_m["RASI"] - markers_m["LASI"] + markers_m["RPSI"] - markers_m["LPSI"]
    across = across / np.linalg.norm(across)
    ahead = np.cross([0.0, 1.0, 0.0], across)
    yaw = np.arctan2(-ahead[2], ahead[0])
    # A list about +x takes the right side (z) down.
    roll = _LIST_BELIEF * np.arcsin(np.clip(-across[1], -1.0, 1.0))
    line = _middle(markers_m, "ASI") - _middle(markers_m, "PSI")
    measured = np.arctan2(line[1], np.hypot(line[0], line[2]))
    asi, psi = np.array(MARKER_OFFSETS_M["ASI"][1]), np.array(MARKER_OFFSETS_M["PSI"][1])
    expected = np.arctan2(asi[1] - psi[1], asi[0] - psi[0])
    pitch = _TILT_BELIEF * (measured - expected)
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
) -> tuple[np.ndarray, np.ndarray]:
    """The S1 endplate's centre and the mid-hip, (3,) each, in ground.

    The sacrum is told by the posterior spines alone, where skin is thin and bone is near; the hips also by the
    anterior ones.
    """
    scale = stature_m / NOMINAL_STATURE_M
    psi_bone = _middle(markers_m, "PSI") + pelvis[:, 0] * soft_tissue.depth_m("PSI", build)
    asi_bone = _middle(markers_m, "ASI") - pelvis[:, 0] * soft_tissue.depth_m("ASI", build)
    s1 = psi_bone + pelvis @ np.append(_PSI_BONE_TO_S1_M, 0.0) * scale
    from_back = s1 - pelvis @ np.array(S1_IN_PELVIS_M) * scale
    from_front = asi_bone - pelvis @ np.append(_ASI_BONE_IN_PELVIS_M, 0.0) * scale
    return s1, (from_back + from_front) / 2


def _midline_shift(local_m: dict[str, np.ndarray]) -> tuple[float, float]:
    """How far right of the pelvis' middle the spine's foot lies, as the lowest midline markers say, and the variance.

    Four pelvis markers, each stuck some 10 mm off over fat, tell the middle worse than two over spinous processes.
    """
    precision, total = 1.0 / _PELVIS_MIDDLE_SD_M**2, 0.0
    for level in ("L5", "L3", "T12"):
        if level in local_m:
            # A list or a curve takes higher ones aside.
            sd = np.hypot(_MIDLINE_SD_M, _MIDLINE_LEAN * local_m[level][1])
            precision, total = precision + 1.0 / sd**2, total + local_m[level][2] / sd**2
    return float(total / precision), float(1.0 / precision)


def _skull_origin(local_m: dict[str, np.ndarray], stature_m: float) -> np.ndarray | None:
    """Where the head's four markers put the skull's origin, or None without them; the head is taken as upright."""
    names = [f"{side}{stem}" for stem in ("FHD", "BHD") for side in ("L", "R")]
    if any(name not in local_m for name in names):
        return None
    nominal = (np.array(MARKER_OFFSETS_M["FHD"][1]) + np.array(MARKER_OFFSETS_M["BHD"][1])) / 2
    nominal[2] = 0.0
    return np.mean([local_m[name] for name in names], axis=0) - nominal * stature_m / NOMINAL_STATURE_M


def _scales(
    markers_m: dict[str, np.ndarray], stature_m: float, hip_middle: np.ndarray, pelvis: np.ndarray
) -> dict[str, np.ndarray]:
    """Factors on the segment tables: lengths from markers, the mean of both sides; stature where markers lack."""
    base = stature_m / NOMINAL_STATURE_M
    scales = {segment: np.full(3, base) for segment in SEGMENTS}
    width = np.linalg.norm(markers_m["RASI"] - markers_m["LASI"]) / (2 * MARKER_OFFSETS_M["ASI"][1][2])
    scales["pelvis"][2] = np.clip(np.sqrt(base * width), *np.multiply(_SCALE_LIMITS, base))
    hip = 0.085 * scales["pelvis"][2]
    shoulder_drop = np.array([0.0, 0.05 * base, 0.0])

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


def _fit_pose(
    kinematics: Kinematics, markers_m: dict[str, np.ndarray], pelvis: np.ndarray, hip_middle: np.ndarray
) -> tuple[np.ndarray, float]:
    """Solve the static pose with the pelvis and the sagittal spine held; coordinates and marker RMS before placing."""
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
        if name in _HELD:
            stiffness[kinematics.index(name)] = _HELD[name]
        elif name.split("_")[0] in ("lumbar", "thoracic", "cervical"):
            stiffness[kinematics.index(name)] = _LOOSE
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


def estimate_info(
    stature_m: float | None, mass_kg: float | None, sex: str | None, markers_m: dict[str, np.ndarray]
) -> tuple[float, float, str, tuple[str, ...]]:
    """Fill in what is not known of a subject from lengths between markers.

    Args:
        stature_m: Metres, or None.
        mass_kg: Kilograms, or None.
        sex: ``female``, ``male`` or None.
        markers_m: Marker name to its place, (3,).

    Returns:
        Stature, mass, sex, and a warning for each that was estimated.
    """
    warnings = []
    if stature_m is None:
        stature_m, spread, words = _stature(markers_m)
        warnings.append(
            f"stature is not known: taken as {stature_m:.2f} m from {words} (give or take {spread:.2f})"
        )
    if mass_kg is None:
        mass_kg = UNKNOWN_BMI * stature_m**2
        warnings.append(
            f"mass is not known: taken as {mass_kg:.0f} kg, a body mass index of {UNKNOWN_BMI:.0f}; skin depth and "
            "with it the depth of vertebrae may be off by some 5 mm"
        )
    if sex is None:
        sex = "male" if stature_m >= NOMINAL_STATURE_M else "female"
        warnings.append(
            f"sex is not known: taken as {sex} from the stature; depth of vertebrae differs by 8 %"
        )
    return stature_m, mass_kg, sex, tuple(warnings)


def _stature(markers_m: dict[str, np.ndarray]) -> tuple[float, float, str]:
    """Stature, its standard error and what it was taken from: the mean of what each length says."""

    def middle(*names: str) -> np.ndarray | None:
        return np.mean([markers_m[n] for n in names], axis=0) if all(n in markers_m for n in names) else None

    said: dict[str, list[float]] = {}
    for side in "LR":
        for what, start, end in (
            ("shanks", middle(f"{side}KNL", f"{side}KNM"), middle(f"{side}ANL", f"{side}ANM")),
            ("legs", middle(f"{side}ASI"), middle(f"{side}KNL", f"{side}KNM")),
            ("forearms", middle(f"{side}ELL", f"{side}ELM"), middle(f"{side}WRR", f"{side}WRU")),
        ):
            if start is not None and end is not None:
                said.setdefault(what, []).append(float(np.linalg.norm(end - start)) / _OF_STATURE[what])
    back = middle("LPSI", "RPSI")
    back = markers_m.get(SACRUM_MARKER) if back is None else back
    if back is not None and "C7" in markers_m:
        said["trunk"] = [float(np.linalg.norm(markers_m["C7"] - back)) / _OF_STATURE["trunk"]]
    if not said:
        return NOMINAL_STATURE_M, 0.09, "nothing but the average"
    values = [float(np.mean(lengths)) for lengths in said.values()]
    stature = float(np.clip(np.mean(values), 1.2, 2.2))
    return stature, 0.07 / np.sqrt(len(values)), ", ".join(said)
