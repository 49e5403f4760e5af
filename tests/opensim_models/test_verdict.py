"""A clean trial is accepted; a seeded fault each makes its own check fail, and no other check hides it."""

from dataclasses import replace

import numpy as np
import pytest

from opensim_models import motion_checks
from opensim_models.findings import Evidence, Finding
from opensim_models.ik import Solution, solve
from opensim_models.landmark_sets import station_rows
from opensim_models.problem import trial_problem
from opensim_models.verdict import findings_table, judge, rule, with_more

FRAMES, RATE = 120, 100.0


@pytest.fixture(scope="module")
def evidence(kinematics):
    """A person who stands, sways and bends forward by 30 degrees; markers where the model has them."""
    x = np.zeros((FRAMES, len(kinematics.coordinate_names)))
    x[:, 1] = 0.95
    x[:, kinematics.index("lumbar_flexion")] = np.radians(30) * np.sin(np.linspace(0, np.pi, FRAMES)) ** 2
    return made(kinematics, x)


def made(kinematics, x, **changes):
    """Evidence of poses that the solver has found exactly."""
    markers = np.stack([kinematics.markers(row) for row in x])
    rows = station_rows(kinematics)
    points = np.stack([kinematics.stations(row)[rows] for row in x])
    count = len(x)
    zeros = np.zeros((count, markers.shape[1]))
    solution = Solution(x, zeros + 0.002, np.ones(count), np.ones(count, int), np.zeros(count, bool))
    standing = np.zeros(x.shape[1])
    standing[1] = 0.95
    still = dict(zip(kinematics.marker_names, kinematics.markers(standing), strict=True))
    curves = {
        "lordosis": np.full(count, 50.0),
        "kyphosis": np.full(count, 40.0),
        "cervical_lordosis": np.full(count, 15.0),
    }
    given = {
        "name": "t", "times_s": np.arange(count) / RATE, "kinematics": kinematics, "problem": trial_problem(kinematics),
        "measured_m": markers, "solution": solution, "standing_m": still, "landmarks_m": points,
        "observed": np.ones((count, 9), bool), "curves_deg": curves,
    }  # fmt: skip
    return Evidence(**{**given, **changes})


def one(ruling, check):
    return next(f for f in ruling.findings if f.check == check)


def moved(evidence, marker, shift_m):
    markers = evidence.measured_m.copy()
    markers[:, evidence.kinematics.marker_names.index(marker)] += shift_m
    return replace(evidence, measured_m=markers)


def test_a_clean_trial_is_accepted_and_every_number_has_a_bound(evidence):
    ruling = judge(evidence)
    assert (ruling.verdict, ruling.reasons) == ("accept", ())
    rows = findings_table(ruling.findings)
    assert {r["check"] for r in rows} >= {
        "marker_rms", "marker_max", "missing_samples", "size", "bone_distances", "drift", "frames_at_limit",
        "range_share", "range_unclamped", "level_angles", "lordosis", "kyphosis", "cervical_lordosis",
        "lumbopelvic_rhythm", "vertical", "above_6hz", "jerk", "observability",
    }  # fmt: skip
    assert all(r["bound"] and r["source"] for r in rows)


def test_marker_errors(evidence):
    errors = evidence.solution.errors_m.copy()
    errors[:40] = 0.025
    ruling = judge(replace(evidence, solution=replace(evidence.solution, errors_m=errors)))
    assert ruling.verdict == "reject"
    assert "over 20 mm in 40 of 120 frames" in ruling.reasons[0]
    errors = evidence.solution.errors_m.copy()
    errors[:10, evidence.kinematics.marker_names.index("LELL")] = 0.06
    ruling = judge(replace(evidence, solution=replace(evidence.solution, errors_m=errors)))
    assert one(ruling, "marker_max").outcome == "review"
    assert "worst LELL, 60 mm" in one(ruling, "marker_max").words


def test_missing_samples(evidence):
    markers = evidence.measured_m.copy()
    markers[:, :20] = np.nan
    assert one(judge(replace(evidence, measured_m=markers)), "missing_samples").outcome == "review"


def test_a_unit_that_differs_from_the_static_trial_is_rejected(evidence):
    still = {name: point * 1000 for name, point in evidence.standing_m.items()}
    ruling = judge(replace(evidence, standing_m=still))
    assert ruling.verdict == "reject"
    assert "0.001 times as far apart" in one(ruling, "size").words


def test_a_slipped_marker_is_seen_in_raw_distances_though_the_fit_is_perfect(evidence):
    shift = np.zeros((FRAMES, 3))
    shift[50:60, 2] = 0.05
    found = one(judge(moved(evidence, "RKNL", shift)), "bone_distances")
    assert (found.outcome, found.words) == ("review", "RKNL-RKNM changes its distance by 50 mm")


def test_a_creeping_marker_is_drift_before_it_is_a_slip(evidence):
    shift = np.zeros((FRAMES, 3))
    shift[:, 2] = np.linspace(0, -0.022, FRAMES)  # away from RFHD: distances see nothing across themselves
    ruling = judge(moved(evidence, "LFHD", shift))
    assert one(ruling, "bone_distances").outcome == "ok"
    assert one(ruling, "drift").outcome == "review"
    assert "LFHD" in one(ruling, "drift").words


def test_without_pairs_of_one_bone_distances_are_not_judged(evidence):
    assert (
        one(judge(replace(evidence, standing_m={"LASI": np.zeros(3)})), "bone_distances").outcome
        == "not judged"
    )


@pytest.fixture(scope="module")
def overbent(kinematics):
    """Markers of a spine 20 degrees beyond its range, solved with the limits that hold it."""
    x = np.zeros((30, len(kinematics.coordinate_names)))
    x[:, kinematics.index("lumbar_flexion")] = np.radians(80)
    true = made(kinematics, x)
    solution = solve(kinematics, true.problem, true.measured_m, x[0])
    return replace(true, solution=solution)


def test_the_free_solution_shows_what_limits_hide(overbent):
    column = overbent.kinematics.index("lumbar_flexion")
    held = np.degrees(overbent.solution.coordinates[:, column].max())
    free = motion_checks.unclamped(
        overbent.kinematics, overbent.problem, overbent.measured_m, overbent.solution
    )
    assert held < 79.5, "limits hold the solution back"
    assert np.degrees(free.coordinates[:, 0]) == pytest.approx(80, abs=0.3)
    ruling = judge(overbent)
    assert one(ruling, "frames_at_limit").value == 1.0
    assert one(ruling, "range_share").outcome == "review"
    assert one(ruling, "range_unclamped").outcome == "reject"
    assert one(ruling, "range_unclamped").value == pytest.approx(80 - 60.2, abs=0.5)
    assert one(ruling, "level_angles").outcome == "review"
    assert "flexion" in one(ruling, "level_angles").words


def test_levels_that_take_more_than_their_share_are_seen_within_the_regions_range(kinematics):
    """50 degrees of lumbar flexion are within range; not if one level takes nearly all."""
    q = np.zeros((1, 9))
    q[0, 0] = np.radians(50)
    assert motion_checks.levels_beyond_rad(kinematics, q).max() == 0
    matrix = kinematics.all_matrix.copy()
    row, column = kinematics.all_names.index("L4_flexion"), kinematics.index("lumbar_flexion")
    matrix[row, column] = 0.8
    beyond = motion_checks.levels_beyond_rad(replace(kinematics, all_matrix=matrix), q)
    assert np.degrees(beyond[0, 1, 0]) == pytest.approx(0.8 * 50 - 0.7 * 16)


@pytest.mark.parametrize(
    ("curve", "value", "outcome"),
    [("lordosis", 110, "review"), ("lordosis", 75, "note"), ("lordosis", 0, "review"), ("kyphosis", 90, "review"),
     ("kyphosis", 60, "note"), ("cervical_lordosis", 70, "review"), ("cervical_lordosis", -20, "note")],
)  # fmt: skip
def test_curves_of_upright_frames(evidence, curve, value, outcome):
    curves = {**evidence.curves_deg, curve: np.full(FRAMES, float(value))}
    ruling = judge(replace(evidence, curves_deg=curves))
    assert one(ruling, curve).outcome == outcome
    assert ruling.verdict == ("review" if outcome == "review" else "accept")


def test_curves_are_not_judged_where_they_are_not_observed_or_nobody_stands(evidence, kinematics):
    blind = evidence.observed.copy()
    blind[:, 2] = False
    assert one(judge(replace(evidence, observed=blind)), "lordosis").words == "not observed"
    bent = np.tile(evidence.solution.coordinates[60], (30, 1))
    assert one(judge(made(kinematics, bent)), "lordosis").words == "no upright frame"


@pytest.mark.parametrize(
    ("pelvis", "lumbar", "outcome"),
    [(45, 45, "ok"), (75, 15, "note"), (100, -25, "review"), (20, 15, "not judged")],
)
def test_lumbopelvic_rhythm(kinematics, pelvis, lumbar, outcome):
    x = np.zeros((10, len(kinematics.coordinate_names)))
    x[5, 5], x[5, kinematics.index("lumbar_flexion")] = -np.radians(pelvis), np.radians(lumbar)
    found = one(judge(made(kinematics, x)), "lumbopelvic_rhythm")
    assert found.outcome == outcome
    if outcome != "not judged":
        assert found.value == pytest.approx(lumbar / (pelvis + lumbar))


def test_a_wrong_vertical_axis_differs_from_lying_on_the_ground(kinematics, evidence):
    x = np.zeros((10, len(kinematics.coordinate_names)))
    x[:, 4] = np.radians(90)
    ground = min(p[1] for p in evidence.standing_m.values())
    lying = made(kinematics, x)
    lift = ground - np.nanmin(lying.measured_m[..., 1])
    shift = np.array([0, lift, 0])
    assert one(judge(replace(lying, measured_m=lying.measured_m + shift)), "vertical").outcome == "note"
    found = one(judge(replace(lying, measured_m=lying.measured_m + shift + [0, 0.9, 0])), "vertical")
    assert found.outcome == "review"
    assert "vertical axis" in found.words


def test_shaking_above_6_hz(evidence):
    shake = 0.005 * np.sin(2 * np.pi * 9.0 * evidence.times_s)
    points = evidence.landmarks_m.copy()
    points[:, 1:, 0] += shake[:, None]
    found = one(judge(replace(evidence, landmarks_m=points)), "above_6hz")
    assert found.outcome == "review"
    assert found.value == pytest.approx(0.005 / np.sqrt(2), rel=0.15), "RMS of a sine"
    assert one(judge(evidence), "above_6hz").value < 0.0005


def test_content_above_6_hz_is_not_judged_where_sampling_cannot_tell(evidence):
    slow = replace(evidence, times_s=np.arange(FRAMES) / 10.0)
    assert one(judge(slow), "above_6hz").outcome == "not judged"


def test_jerk(evidence):
    points = evidence.landmarks_m.copy()
    points[60:, 1:] += 0.03  # jumps by 50 mm at once
    assert one(judge(replace(evidence, landmarks_m=points)), "jerk").outcome == "review"
    cube = np.arange(10)[:, None, None] ** 3 / 30.0**3 * np.ones((1, 2, 3))
    assert motion_checks.jerk_rms(cube, np.arange(10) / 30.0) == pytest.approx(6 * np.sqrt(3)), "of t^3"


def test_what_markers_do_not_show_is_for_review(evidence):
    blind = evidence.observed.copy()
    blind[:, 3] = False
    found = one(judge(replace(evidence, observed=blind)), "observability")
    assert (found.outcome, found.value) == ("review", 0.0)
    assert "spine_03" in found.words


def test_marker_errors_alone_accept_nothing():
    good = [
        Finding("marker_rms", "ok", 0.001, "20 mm", "x"),
        Finding("marker_max", "ok", 0.002, "40 mm", "x"),
    ]
    assert rule(good).verdict == "review"
    assert "alone" in rule(good).reasons[0]
    assert rule([*good, Finding("drift", "not judged", None, "x", "x")]).verdict == "review"
    assert rule([*good, Finding("drift", "ok", 0.0, "x", "x")]).verdict == "accept"


def test_a_repair_makes_a_ruling_stricter_and_never_milder(evidence):
    repaired = with_more(judge(evidence), [Finding("repair", "review", None, "none", "", "repaired: sides")])
    assert (repaired.verdict, repaired.reasons) == ("review", ("repaired: sides",))
    worse = with_more(
        rule([Finding("size", "reject", 1.0, "x", "x", "unit")]),
        [Finding("repair", "review", None, "", "", "r")],
    )
    assert (worse.verdict, worse.reasons) == ("reject", ("unit", "r"))
