"""The checks of a fitted trial: each measures one thing and holds it against a bound whose source it names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opensim_models import checks, motion_checks
from opensim_models.anatomy.coordinates import JOINT_LEVELS, MOTIONS, REGIONAL_COORDINATES
from opensim_models.findings import Evidence, Finding
from opensim_models.ik import solve
from opensim_models.initial import align_root
from spinepose.skeleton import SPINE_CHAIN

_GUIDE = "OpenSim's guide to inverse kinematics: RMS under 2 cm, largest 2-4 cm"
_OWN = "this project's choice"
GOOD_RMS_M = 0.02
GOOD_MAX_M = 0.04
BAD_RMS_M = 0.04
REVIEW_SHARE = 0.05
REJECT_SHARE = 0.20
MAX_DRIFT_M = 0.015
# Skin over the iliac spines folds and stretches between an upright and a bent posture (up to 30 mm on rendered people).
MAX_PELVIS_DRIFT_M = 0.035
MAX_BEYOND_RAD = np.radians(10.0)
SIZE_LIMITS = (0.85, 1.15)
FLIPPED_RAD = np.radians(60.0)
MAX_OFF_GROUND_M = 0.3
RHYTHM_FROM_RAD = np.radians(40.0)
MAX_ABOVE_6HZ_M = 0.002
MAX_JERK = 500.0  # rendered sport stays under 90, a sprinting runner's observed spine at 130 (both measured)
MIN_OBSERVED = 0.5
MAX_MISSING = 0.25
_SWAP_FRAMES = 3


@dataclass(frozen=True)
class CurveRange:
    """A curve of standing adults, degrees: published range, and bounds that no healthy spine leaves [guess]."""

    published: tuple[float, float]
    possible: tuple[float, float]
    source: str


CURVE_RANGES: dict[str, CurveRange] = {
    "lordosis": CurveRange(
        (20.0, 70.0), (5.0, 95.0),
        "literature 20-70; T12-S1 49.8 ± 11.2 in 627 adults (Asian Spine J 2019, PMC6680033)",
    ),
    "kyphosis": CurveRange((20.0, 50.0), (5.0, 80.0), "T1-T12 20-50 (DeWald, AAOS lectures 41)"),
    "cervical_lordosis": CurveRange(
        (-10.0, 40.0), (-35.0, 60.0),
        "C2-7 mean 14.3, by decade 7.2-20.8 (Inoue 2020, 600 adults); 64 % are lordotic at all (Guo 2018); "
        "the range is the mean ± 2 SD with an SD of 12 [mem]",
    ),
}  # fmt: skip
# Landmarks that tell each curve.
CURVE_LANDMARKS: dict[str, tuple[str, ...]] = {
    "lordosis": ("hip", "spine_01", "spine_02", "spine_03"),
    "kyphosis": ("spine_03", "spine_04", "spine_05", "neck"),
    "cervical_lordosis": ("neck", "neck_02", "neck_03"),
}


def _marker_rms(e: Evidence) -> list[Finding]:
    rms = e.solution.rms_m
    over = rms > GOOD_RMS_M
    bad = over.mean() > REJECT_SHARE or (rms > BAD_RMS_M).mean() > REVIEW_SHARE
    outcome = "reject" if bad else "review" if over.any() else "ok"
    words = (
        f"marker RMS is over {1000 * GOOD_RMS_M:.0f} mm in {over.sum()} of {len(rms)} frames"
        if over.any()
        else ""
    )
    bound = f"{1000 * GOOD_RMS_M:.0f} mm; reject where over {100 * REJECT_SHARE:.0f} % of frames break it"
    found = [Finding("marker_rms", outcome, float(np.sqrt(np.mean(rms**2))), bound, _GUIDE, words)]
    if bad:
        found += [
            Finding(
                "sides",
                "reject",
                None,
                "no swap that halves the cost",
                _OWN,
                f"left and right of the {g} look swapped",
            )
            for g in _swapped(e)
        ]
    return found


def _swapped(e: Evidence) -> list[str]:
    """Groups whose exchange of left and right more than halves the cost of a few frames."""
    frames = np.unique(np.linspace(0, len(e.measured_m) - 1, _SWAP_FRAMES).round().astype(int))
    found = []
    for group, stems in checks.SIDED_GROUPS.items():
        order = checks.swap_sides(e.kinematics.marker_names, stems)
        gains = []
        for frame in frames:
            other = e.measured_m[frame : frame + 1, order]
            start = align_root(e.kinematics, e.solution.coordinates[frame], other[0])
            cost = float(solve(e.kinematics, e.problem, other, start).cost[0])
            gains.append(cost / float(e.solution.cost[frame]))
        if np.median(gains) < 0.5:
            found.append(group)
    return found


def _marker_max(e: Evidence) -> list[Finding]:
    worst = np.nanmax(e.solution.errors_m, axis=1)
    far = worst > GOOD_MAX_M
    frame = int(np.argmax(worst))
    marker = e.kinematics.marker_names[int(np.nanargmax(e.solution.errors_m[frame]))]
    words = (
        f"a marker is over {1000 * GOOD_MAX_M:.0f} mm off in {far.sum()} of {len(worst)} frames "
        f"(worst {marker}, {1000 * worst[frame]:.0f} mm)"
    )
    bound = f"{1000 * GOOD_MAX_M:.0f} mm in {100 - 100 * REVIEW_SHARE:.0f} % of frames"
    outcome = "review" if far.mean() > REVIEW_SHARE else "note" if far.any() else "ok"
    return [Finding("marker_max", outcome, float(worst[frame]), bound, _GUIDE, words if far.any() else "")]


def _missing(e: Evidence) -> list[Finding]:
    missing = float(np.isnan(e.measured_m).any(axis=-1).mean())
    over = missing > MAX_MISSING
    words = f"{100 * missing:.0f} % of marker samples are missing" if over else ""
    bound = f"{100 * MAX_MISSING:.0f} % of samples"
    return [Finding("missing_samples", "review" if over else "ok", missing, bound, _OWN, words)]


def _bones(e: Evidence) -> list[Finding]:
    """Units, slips and drift, from distances between raw markers of one bone."""
    pairs = tuple(p for p in motion_checks.bone_pairs(e.kinematics) if set(p) <= set(e.standing_m))
    gaps = (
        motion_checks.raw_gaps(e.kinematics.marker_names, pairs, e.measured_m) if pairs else np.empty((0, 0))
    )
    if not np.isfinite(gaps).any():
        none = "no two markers of one bone are seen in this and in the static trial"
        return [Finding("bone_distances", "not judged", None, "two markers of one bone", "", none)]
    standing = np.array([np.linalg.norm(e.standing_m[a] - e.standing_m[b]) for a, b in pairs])
    source = "skin deforms by 4-16 mm over a bone (PMC8631460; Leardini 2005); the bounds are this project's choice"
    ratio = motion_checks.size_ratio(gaps, standing)
    low, high = SIZE_LIMITS
    wrong = not low <= ratio <= high
    words = (
        f"markers of one bone are {ratio:.3g} times as far apart as in the static trial: check the unit"
        if wrong
        else ""
    )
    found = [Finding("size", "reject" if wrong else "ok", ratio, f"{low} to {high} times", source, words)]
    change = np.abs(gaps - standing)
    worst = {pair: _largest(change[:, i]) for i, pair in enumerate(pairs)}
    bound = checks.MAX_BONE_CHANGE_M
    over = {pair: v for pair, v in worst.items() if v > bound}
    words = "; ".join(f"{a}-{b} changes its distance by {1000 * v:.0f} mm" for (a, b), v in over.items())
    most = max(worst.values())
    against = f"{1000 * bound:.0f} mm against the static trial"
    found.append(Finding("bone_distances", "review" if over else "ok", most, against, source, words))
    drift = motion_checks.drift_m(gaps)
    limits = np.array(
        [MAX_PELVIS_DRIFT_M if pair[0][1:] in ("ASI", "PSI") else MAX_DRIFT_M for pair in pairs]
    )
    row = int(np.nanargmax(drift / limits))
    value, limit = float(drift[row]), float(limits[row])
    words = (
        f"{'-'.join(pairs[row])} is {1000 * value:.0f} mm further or nearer at the end than at the beginning: "
        "a marker slips"
        if value > limit
        else ""
    )
    bound_words = f"{1000 * limit:.0f} mm from the beginning to the end"
    found.append(Finding("drift", "review" if words else "ok", value, bound_words, source, words))
    return found


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _limits(e: Evidence) -> list[Finding]:
    """Ranges, by the solution that knows no limits."""
    free = motion_checks.unclamped(e.kinematics, e.problem, e.measured_m, e.solution)
    source = "sums of White & Panjabi's ranges [mem], see model describe"
    share = float((free.beyond_rad > np.radians(1.0)).any(axis=1).mean())
    held = float(free.at_limit.mean())
    bound = f"{100 * REVIEW_SHARE:.0f} % of frames"
    held_words = f"limits hold the spine in {100 * held:.0f} % of frames" if held > REVIEW_SHARE else ""
    over = share > REVIEW_SHARE
    often = REGIONAL_COORDINATES[int((free.beyond_rad > np.radians(1.0)).mean(axis=0).argmax())].replace(
        "_", " "
    )
    words = (
        f"the spine is beyond its anatomical range in {100 * share:.0f} % of frames, {often} most often"
        if over
        else ""
    )
    found = [
        Finding("frames_at_limit", "note" if held_words else "ok", held, bound, source, held_words),
        Finding("range_share", "review" if over else "ok", share, bound, source, words),
    ]
    most = float(free.beyond_rad.max())
    which = REGIONAL_COORDINATES[int(free.beyond_rad.max(axis=0).argmax())]
    far = (free.beyond_rad > MAX_BEYOND_RAD).any(axis=1).mean() > REVIEW_SHARE
    words = (
        f"without limits {which.replace('_', ' ')} goes {np.degrees(most):.0f} degrees beyond its range"
        if far
        else ""
    )
    bound = f"{np.degrees(MAX_BEYOND_RAD):.0f} degrees in {100 - 100 * REVIEW_SHARE:.0f} % of frames"
    found.append(Finding("range_unclamped", "reject" if far and share > REJECT_SHARE else "review" if far else "ok",
                         np.degrees(most), bound, source, words))  # fmt: skip
    beyond = motion_checks.levels_beyond_rad(e.kinematics, free.coordinates)
    level, motion = np.unravel_index(int(beyond.max(axis=0).argmax()), beyond.shape[1:])
    some = float((beyond > np.radians(1.0)).any(axis=(1, 2)).mean())
    words = (
        f"{JOINT_LEVELS[level]} {MOTIONS[motion]} is up to {np.degrees(beyond.max()):.1f} degrees beyond its range, "
        f"some level in {100 * some:.0f} % of frames"
        if some > REVIEW_SHARE
        else ""
    )
    bound = f"1 degree in {100 - 100 * REVIEW_SHARE:.0f} % of frames"
    outcome = "review" if words else "ok"
    found.append(Finding("level_angles", outcome, float(np.degrees(beyond.max())), bound, source, words))
    return found


def _curves(e: Evidence) -> list[Finding]:
    """Lordosis, kyphosis and cervical lordosis of upright frames against standing adults."""
    upright = motion_checks.upright(e.solution.coordinates)
    found = []
    for name, limits in CURVE_RANGES.items():
        shown = name.replace("_", " ")
        bound = f"{limits.published[0]:g} to {limits.published[1]:g} degrees, standing"
        if name not in e.curves_deg or not upright.any() or not curve_observed(e.observed, name):
            why = "no upright frame" if not upright.any() else "not observed"
            found.append(Finding(name, "not judged", None, bound, limits.source, why))
            continue
        value = float(np.median(e.curves_deg[name][upright]))
        impossible = not limits.possible[0] <= value <= limits.possible[1]
        odd = not limits.published[0] <= value <= limits.published[1]
        words = f"{shown} is {value:.0f} degrees upright, published {bound}" if odd else ""
        outcome = "review" if impossible else "note" if odd else "ok"
        found.append(Finding(name, outcome, value, bound, limits.source, words))
    return found


def curve_observed(observed: np.ndarray, curve: str) -> bool:
    """Whether all landmarks that tell a curve are observed in most frames; observed is (T, 9)."""
    columns = [SPINE_CHAIN.index(name) for name in CURVE_LANDMARKS[curve]]
    return bool((observed[:, columns].mean(axis=0) > 0.5).all())


def _rhythm(e: Evidence) -> list[Finding]:
    """Lumbar share of a deep forward bend."""
    source = (
        "124 standing adults: 48 ± 11 %, 10th to 90th percentile 38-63 (BMC Musculoskelet Disord 2019 20:28)"
    )
    lean = f"{np.degrees(RHYTHM_FROM_RAD):.0f} degrees"
    bound = f"26 to 70 % (mean ± 2 SD) where T12 inclines {lean}; review outside -25 to 125 %"
    share = motion_checks.lumbar_contribution(e.solution.coordinates, RHYTHM_FROM_RAD)
    if np.isnan(share):
        return [
            Finding(
                "lumbopelvic_rhythm",
                "not judged",
                None,
                bound,
                source,
                "the trunk never bends so far forward",
            )
        ]
    against = not -0.25 <= share <= 1.25
    odd = not 0.26 <= share <= 0.70
    words = f"lumbar flexion is {100 * share:.0f} % of the deepest forward bend" if odd else ""
    if against:
        words += ": lumbar spine and pelvis turn against each other"
    return [
        Finding(
            "lumbopelvic_rhythm",
            "review" if against else "note" if odd else "ok",
            share,
            bound,
            source,
            words,
        )
    ]


def _vertical(e: Evidence) -> list[Finding]:
    """A pelvis that is never upright: on the ground, or with another axis up than in the static trial.

    Who lies or kneels down is near the ground that the static trial stood on; whom a wrong axis lays down is, most
    likely, not.
    """
    tilt, side = e.solution.coordinates[:, 5], e.solution.coordinates[:, 4]
    least = float(np.arccos(np.clip(np.cos(tilt) * np.cos(side), -1, 1)).min())
    limit = f"{np.degrees(FLIPPED_RAD):.0f} degrees"
    outcome, words = "ok", ""
    if least > FLIPPED_RAD:
        ground = min(float(point[1]) for point in e.standing_m.values())
        off = float(np.nanmedian(np.nanmin(e.measured_m[..., 1], axis=1))) - ground
        outcome = "review" if abs(off) > MAX_OFF_GROUND_M else "note"
        words = f"the pelvis is never within {limit} of upright" + (
            f" and the lowest marker {off:+.1f} m from the ground: is the vertical axis that of the static trial?"
            if outcome == "review"
            else ": the person is on the ground"
        )
    return [Finding("vertical", outcome, float(np.degrees(least)), f"one frame within {limit}", _OWN, words)]


def _smoothness(e: Evidence) -> list[Finding]:
    """Jerk and what is above 6 Hz, of the observed spine against its own sacrum."""
    seen = np.flatnonzero(e.observed.mean(axis=0) > MIN_OBSERVED)
    spine = e.landmarks_m[:, seen[seen > 0]] - e.landmarks_m[:, :1]
    if not spine.shape[1]:
        why = "no landmark over the sacrum is observed"
        return [Finding(name, "not judged", None, "", _OWN, why) for name in ("above_6hz", "jerk")]
    above = motion_checks.rms_above_hz(spine, e.times_s)
    bound = f"{1000 * MAX_ABOVE_6HZ_M:.0f} mm RMS above 6 Hz"
    source = "gait's power lies below 6 Hz (Winter [mem]); the size is this project's choice"
    if np.isnan(above):
        found = [
            Finding(
                "above_6hz", "not judged", None, bound, source, "shorter than a second or sampled under 18 Hz"
            )
        ]
    else:
        over = above > MAX_ABOVE_6HZ_M
        words = (
            f"the spine moves {1000 * above:.1f} mm RMS above 6 Hz: noise or shaking markers" if over else ""
        )
        found = [Finding("above_6hz", "review" if over else "ok", above, bound, source, words)]
    jerk = motion_checks.jerk_rms(spine, e.times_s)
    bound = f"{MAX_JERK:g} m/s3 RMS"
    if np.isnan(jerk):
        return [*found, Finding("jerk", "not judged", None, bound, _OWN, "fewer than 5 frames")]
    over = jerk > MAX_JERK
    words = f"the spine's jerk is {jerk:.0f} m/s3 RMS against its sacrum" if over else ""
    return [*found, Finding("jerk", "review" if over else "ok", jerk, bound, _OWN, words)]


def _observability(e: Evidence) -> list[Finding]:
    shares = e.observed.mean(axis=0)
    blind = [name for name, share in zip(SPINE_CHAIN, shares, strict=True) if share < MIN_OBSERVED]
    words = (
        f"the markers do not show {', '.join(blind)}: they are the model's expectation, with its spread"
        if blind
        else ""
    )
    bound = f"every landmark in {100 * MIN_OBSERVED:.0f} % of frames"
    return [Finding("observability", "review" if blind else "ok", float(shares.min()), bound, _OWN, words)]


CHECKS = (
    _marker_rms, _marker_max, _missing, _bones, _limits, _curves, _rhythm, _vertical, _smoothness, _observability,
)  # fmt: skip
