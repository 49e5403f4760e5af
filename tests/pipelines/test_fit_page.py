"""Growth of errors by hand, the page of a rendered run, and landmark sets beside the default one."""

import shutil

import numpy as np
import pandas as pd
import pytest

from opensim_models.fit import SubjectInfo, fit_subject
from opensim_models.landmark_sets import LANDMARK_SETS
from pipelines.accuracy import accuracy_table
from pipelines.accuracy_growth import growth, in_bins, with_people
from pipelines.fit_opensim import check_table, finding_rows, frame_rows, landmark_tables
from pipelines.fit_page import write_fit_page
from pipelines.spines import Spines
from pipelines.tables import write_table
from spinepose.skeleton import INDEX, SPINE_CHAIN
from tests.opensim_models.closed_loop import motion_rand, person_rand, static_pose_rand
from tests.opensim_models.test_fit import record


def errors_of(people: int, frames: int = 12) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Errors that grow by 0.5 mm per kg/m2 raw, and by 0.2 mm per 10 degrees of flexion after the constant."""
    rng = np.random.default_rng(0)
    subjects = pd.DataFrame(
        {
            "subject_id": [f"s{i}" for i in range(people)],
            "stature_m": 1.0,
            "mass_kg": np.linspace(18, 35, people),
        }
    )
    rows, authored = [], []
    for subject in subjects.itertuples():
        for frame in range(frames):
            bend = 60.0 * frame / (frames - 1)
            coordinates = np.zeros(9)
            coordinates[[0, 3]] = np.radians([0.7 * bend, 0.3 * bend])
            authored.append(
                {"trial_id": subject.subject_id, "time_s": frame / 10, "coordinates_rad": list(coordinates)}
            )
            for name in SPINE_CHAIN:
                raw = 5 + 0.5 * (subject.mass_kg - 18) + rng.normal(0, 0.05)
                rest = 1 + 0.02 * bend + rng.normal(0, 0.05)
                rows.append(
                    (
                        subject.subject_id,
                        subject.subject_id,
                        frame / 10,
                        name,
                        raw / 1000,
                        0.0,
                        0.0,
                        raw / 1000,
                        rest / 1000,
                    )
                )
    columns = [
        "subject_id",
        "trial_id",
        "time_s",
        "landmark",
        "forward_m",
        "left_m",
        "up_m",
        "error_m",
        "error_less_constant_m",
    ]
    return pd.DataFrame(rows, columns=columns), subjects, pd.DataFrame(authored)


def test_slopes_are_those_put_in_with_intervals_that_hold_them():
    found = growth(with_people(*errors_of(12)))
    every = found["levels"][-1]
    assert found["subjects"] == 12
    assert (found["bmi_from"], found["bmi_to"]) == (18, 35)
    assert len(found["levels"]) == 10
    assert every["raw_mm_per_bmi"] == pytest.approx(0.5, abs=0.01)
    assert every["forward_mm_per_bmi"] == pytest.approx(0.5, abs=0.01)
    assert every["less_constant_mm_per_10_deg"] == pytest.approx(0.2, abs=0.01)
    for key, true in (
        ("raw_mm_per_bmi", 0.5),
        ("less_constant_mm_per_10_deg", 0.2),
        ("less_constant_mm_per_bmi", 0.0),
    ):
        low, high = every[f"{key}_95"]
        assert low < every[key] < high
        assert low - 0.01 < true < high + 0.01


def test_a_handful_of_subjects_gives_no_slope():
    every = growth(with_people(*errors_of(4)))["levels"][-1]
    assert every["raw_mm_per_bmi"] is None
    assert every["less_constant_mm_per_10_deg_95"] is None


def test_bins_by_hand():
    table = with_people(*errors_of(6))
    bins = in_bins(table, 30.0)
    assert bins.flexion_deg.tolist() == [0, 30, 60]
    assert bins["count"].sum() == len(table)
    assert bins.rest.is_monotonic_increasing


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    rng = np.random.default_rng(5)
    person = person_rand(rng)
    static, _ = record(
        person, np.repeat(static_pose_rand(rng, person.kinematics)[None], 4, axis=0), "static", rng, 0.001
    )
    move, _ = record(person, motion_rand(rng, person.kinematics, 12), "move", rng)
    info = SubjectInfo("s5", person.sex, person.stature_m, person.mass_kg)
    more = tuple(name for name in LANDMARK_SETS if name != "spinetrack")
    fit = fit_subject(info, static, [move], tmp_path_factory.mktemp("fit"), 0, more)
    return fit, {"move": move}


def test_every_landmark_set_is_a_table_of_its_own(fitted):
    fit, trials = fitted
    tables = landmark_tables("s5", trials, fit)
    assert set(tables) == {
        "landmarks",
        "landmarks_body_centre",
        "landmarks_spinous_process",
        "landmarks_keypoints37",
    }
    place = {name: t[["x_m", "y_m", "z_m"]].to_numpy().reshape(12, -1, 3) for name, t in tables.items()}
    whole = place["landmarks_keypoints37"]
    np.testing.assert_array_equal(whole[:, [INDEX[n] for n in SPINE_CHAIN]], place["landmarks"])
    deep = np.linalg.norm(place["landmarks_spinous_process"] - place["landmarks_body_centre"], axis=-1)
    assert (deep[:, 1:] > 0.02).all()
    sigma = tables["landmarks_keypoints37"].set_index("landmark").sigma_m
    assert sigma["left_knee"].isna().all(), "errors off the spine are not modelled and not invented"
    assert sigma["neck"].notna().all()
    assert tables["landmarks_keypoints37"].observed.all()
    assert tables["landmarks_body_centre"].sigma_m.notna().all()


def test_the_dataset_takes_only_the_verdicts_that_it_is_told(fitted, tmp_path):
    fit, trials = fitted
    part = tmp_path / "parts" / "s5"
    part.mkdir(parents=True)
    shutil.copy(fit.model_path.parent / "move.mot", part / "move.mot")
    write_table(part / "landmarks.parquet", landmark_tables("s5", trials, fit)["landmarks"])
    people = pd.DataFrame({"subject_id": "s5", "trial_id": "move", "time_s": trials["move"].times_s[:1]})
    person = next(people.itertuples())
    for verdict, told, taken in (
        ("reject", ("accept", "review"), False), ("review", ("accept", "review"), True), ("review", ("accept",), False),
    ):  # fmt: skip
        write_table(part / "trials.parquet", pd.DataFrame([{"trial_id": "move", "verdict": verdict}]))
        assert (Spines(tmp_path, people, told).of(person) is not None) == taken


def test_the_page_of_a_rendered_run(fitted, tmp_path):
    fit, trials = fitted
    fit_dir, render_dir = tmp_path / "fit", tmp_path / "render"
    errors, subjects, authored = errors_of(6)
    write_table(fit_dir / "frames.parquet", frame_rows("s5", trials, fit))
    write_table(fit_dir / "landmarks.parquet", landmark_tables("s5", trials, fit)["landmarks"])
    write_table(fit_dir / "errors.parquet", errors)
    write_table(render_dir / "subjects.parquet", subjects)
    write_table(render_dir / "authored.parquet", authored)
    findings = finding_rows("s5", fit)
    checks = check_table(findings)
    assert {row["check"] for row in checks} >= {
        "drift",
        "range_unclamped",
        "frames_at_limit",
        "observability",
    }
    assert all(
        row["ok"] + row["note"] + row["review"] + row["reject"] + row["not judged"] == 1 for row in checks
    )
    report = {
        "trials": 1, "verdicts": {"accept": 1}, "marker_rms_m": 0.005, "marker_max_m": 0.02, "checks": checks,
        "landmark_sets": ["spinetrack-1"], "fit_minus_authored_mm": accuracy_table(errors),
        "growth": growth(with_people(errors, subjects, authored)),
    }  # fmt: skip
    write_fit_page(fit_dir, render_dir, report)
    html = (fit_dir / "report.html").read_text()
    assert html.count("data:image/png") == 3
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "range unclamped" in html
