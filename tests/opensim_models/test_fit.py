from dataclasses import replace

import numpy as np
import pytest

from opensim_models import checks
from opensim_models.fit import MarkerTrial, SubjectInfo, fit_subject
from opensim_models.kinematics import compile_model
from opensim_models.osim_file import read_osim
from opensim_models.scale import fit_static
from opensim_models.subject import model_spec
from opensim_models.trial import to_osim, to_world
from spinepose.errors import InputError
from tests.opensim_models.closed_loop import motion_rand, person_rand, static_pose_rand

osim = pytest.importorskip("opensim")


def record(person, poses, name, rng, noise_m=0.003):
    """Markers of poses as a trial, and the true landmarks, both in the world's frame."""
    frames = [person.frame(x) for x in poses]
    markers = np.stack([m for m, _ in frames]) + rng.normal(
        0, noise_m, (len(poses), len(person.trunk_names), 3)
    )
    trial = MarkerTrial(name, np.arange(len(poses)) / 30, person.trunk_names, to_world(markers))
    return trial, to_world(np.stack([points for _, points in frames]))


@pytest.fixture(scope="module")
def session():
    rng = np.random.default_rng(11)
    person = person_rand(rng)
    standing = static_pose_rand(rng, person.kinematics)
    static, _ = record(person, np.repeat(standing[None], 8, axis=0), "static", rng, 0.001)
    move, truth = record(person, motion_rand(rng, person.kinematics, 25), "move", rng)
    return SubjectInfo("s11", person.sex, person.stature_m, person.mass_kg), static, move, truth


@pytest.fixture(scope="module")
def fitted(session, tmp_path_factory):
    info, static, move, _ = session
    return fit_subject(info, static, [static, move], tmp_path_factory.mktemp("fit"), reference_frames=3)


def rename(trial, stems):
    order = checks.swap_sides(trial.marker_names, stems)
    return replace(trial, markers_m=trial.markers_m[:, order])


def test_vertebrae_of_people_with_another_anatomy():
    """Ten people the fit does not know: mean landmark error in the static trial, and no model of its own."""
    errors, squares = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        person = person_rand(rng)
        x = static_pose_rand(rng, person.kinematics)
        markers, truth = person.frame(x)
        static = fit_static(
            "s",
            person.stature_m,
            person.sex,
            person.mass_kg,
            dict(zip(person.trunk_names, markers, strict=True)),
        )
        found = compile_model(model_spec(static.shape)).stations(static.coordinates)[:9]
        errors.append(np.linalg.norm(found - truth, axis=1))
        squares.append((found - truth) ** 2 / static.posture.landmark_sd_m[:, None] ** 2)
    mean, p95 = 1000 * np.mean(errors), 1000 * np.percentile(errors, 95)
    assert mean < 12, f"mean vertebral error {mean:.1f} mm >= 12 mm"
    assert p95 < 25, f"95th percentile {p95:.1f} mm >= 25 mm"
    assert mean > 1, "the hidden anatomy is not hidden"
    assert 0.3 < np.mean(squares) < 2.5, f"stated spread is off: mean squared z {np.mean(squares):.2f}"


def test_a_moving_trial_follows_the_hidden_spine(session, fitted):
    truth = session[3]
    trial = fitted.trials["move"]
    raw = trial.landmarks_m - truth
    assert 1000 * np.linalg.norm(raw, axis=-1).mean() < 15
    assert trial.landmarks_m.shape == (25, 9, 3)
    assert trial.sigma_m.shape == (25, 9)
    assert (trial.sigma_m > 0.003).all()
    assert (trial.sigma_m < 0.03).all()
    # Points behind the bodies move apart as the back bends: the chain's length follows the truth's.
    lengths = [np.linalg.norm(np.diff(p, axis=1), axis=-1).sum(axis=1) for p in (trial.landmarks_m, truth)]
    assert np.std(lengths[0] - lengths[1]) < 0.01


def test_the_static_trial_is_met_and_accepted(fitted):
    static = fitted.trials["static"]
    assert static.verdict == "accept", static.reasons
    assert static.marker_rms_m.max() < 0.005
    assert 20 < fitted.scale.lordosis_deg < 80
    assert 15 < fitted.scale.kyphosis_deg < 75
    assert (fitted.model_path.parent / "fit.json").exists()


def test_opensim_agrees_on_the_sampled_frames(fitted):
    reference = fitted.scale.reference_mm
    assert reference["frames"] == 3
    assert reference["mean"] < 1.5, reference


def test_the_mot_replayed_in_opensim_gives_the_fitted_markers(session, fitted):
    folder = fitted.model_path.parent
    model = osim.Model(str(fitted.model_path))
    state = model.initSystem()
    table = osim.TimeSeriesTable(str(folder / "move.mot"))
    labels = table.getColumnLabels()
    # OpenSim's own conversion, which leaves alone what it does not call rotational.
    assert osim.Storage(str(folder / "move.mot")).isInDegrees()
    model.getSimbodyEngine().convertDegreesToRadians(table)
    kinematics = compile_model(read_osim(fitted.model_path))
    trial = fitted.trials["move"]
    for frame in (0, 12, 24):
        row = table.getRowAtIndex(frame).to_numpy()
        for name, value in zip(labels, row, strict=True):
            model.getCoordinateSet().get(name).setValue(state, float(value), False)
        model.realizePosition(state)
        theirs = [
            model.getMarkerSet().get(n).getLocationInGround(state).to_numpy() for n in kinematics.marker_names
        ]
        np.testing.assert_allclose(theirs, kinematics.markers(trial.coordinates[frame]), atol=1e-7)
        # And those are the markers whose error is reported.
        measured = np.stack(
            [
                to_osim(session[2].markers_m[frame, session[2].marker_names.index(n)])
                for n in kinematics.marker_names
            ]
        )
        rms = np.sqrt(((theirs - measured) ** 2).sum(axis=1).mean())
        assert rms == pytest.approx(trial.marker_rms_m[frame], abs=1e-6)


def test_swapped_legs_in_the_static_trial_are_refused(session, tmp_path):
    info, static, _, _ = session
    with pytest.raises(InputError, match="left and right of the legs are swapped"):
        fit_subject(info, rename(static, checks.SIDED_GROUPS["legs"]), [], tmp_path)


def test_swapped_legs_in_a_trial_are_rejected_and_named(session, tmp_path):
    info, static, move, _ = session
    swapped = rename(move, checks.SIDED_GROUPS["legs"])
    trial = fit_subject(info, static, [swapped], tmp_path, reference_frames=0).trials["move"]
    assert trial.verdict == "reject"
    assert any("legs look swapped" in reason for reason in trial.reasons), trial.reasons


def test_millimetres_are_noticed(session, tmp_path):
    info, static, _, _ = session
    with pytest.raises(InputError, match="looks like millimetres"):
        fit_subject(info, replace(static, markers_m=1000 * static.markers_m), [], tmp_path)


def test_a_mass_in_grams_is_noticed(session, tmp_path):
    info, static, _, _ = session
    with pytest.raises(InputError, match="mass is 71000"):
        fit_subject(replace(info, mass_kg=71000), static, [], tmp_path)


def test_a_wrong_axis_is_noticed(session, tmp_path):
    info, static, _, _ = session
    with pytest.raises(InputError, match="that z is up"):
        fit_subject(info, replace(static, markers_m=to_osim(static.markers_m)), [], tmp_path)


def test_lacking_markers_are_named(session, tmp_path):
    info, static, _, _ = session
    keep = [i for i, name in enumerate(static.marker_names) if name not in ("LPSI", "RPSI")]
    cut = MarkerTrial(
        "static", static.times_s, tuple(static.marker_names[i] for i in keep), static.markers_m[:, keep]
    )
    with pytest.raises(InputError, match="pelvis lacks the markers LPSI, RPSI"):
        fit_subject(info, cut, [], tmp_path)


def test_gaps_and_unknown_markers_do_no_harm(session, tmp_path):
    info, static, move, truth = session
    markers = move.markers_m.copy()
    markers[3:9, move.marker_names.index("T8")] = np.nan
    names = (*move.marker_names, "EXTRA")
    markers = np.concatenate([markers, np.zeros_like(markers[:, :1])], axis=1)
    gappy = MarkerTrial("move", move.times_s, names, markers)
    trial = fit_subject(info, static, [gappy], tmp_path, reference_frames=0).trials["move"]
    assert np.isfinite(trial.landmarks_m).all()
    assert 1000 * np.linalg.norm(trial.landmarks_m - truth, axis=-1).mean() < 15


def test_the_same_input_gives_the_same_files(session, tmp_path):
    info, static, move, _ = session
    contents = []
    for name in ("a", "b"):
        fit_subject(info, static, [move], tmp_path / name)
        contents.append({p.name: p.read_bytes() for p in sorted((tmp_path / name).iterdir())})
    assert contents[0] == contents[1]


def only(trial, names, technical=None):
    """A trial with some of its markers, some of them under names that the table does not know."""
    technical = technical or {}
    keep = [i for i, name in enumerate(trial.marker_names) if name in names or name in technical]
    shown = tuple(
        f"X{trial.marker_names[i]}" if trial.marker_names[i] in technical else trial.marker_names[i]
        for i in keep
    )
    bodies = {f"X{name}": body for name, body in technical.items()}
    return MarkerTrial(trial.name, trial.times_s, shown, trial.markers_m[:, keep], bodies)


def test_sparse_and_technical_markers_without_static_or_stature(session, tmp_path):
    """Pelvis, C7, front of the chest and technical markers on the shoulders: nothing else, and nothing known."""
    _, _, move, truth = session
    names = ("LASI", "RASI", "RPSI", "C7", "CLAV", "LKNL", "LKNM", "LANL", "LANM")
    sparse = only(move, names, {"LACR": "T1", "RACR": "T1", "LPSI": "pelvis"})
    fit = fit_subject(SubjectInfo("s"), None, [sparse], tmp_path, reference_frames=0)
    trial = fit.trials["move"]
    assert np.isfinite(trial.landmarks_m).all()
    words = " ".join(fit.scale.warnings)
    for said in ("no static trial", "stature is not known", "mass is not known", "sex is not known"):
        assert said in words
    assert "XLACR" in compile_model(read_osim(fit.model_path)).marker_names
    # The sacrum is seen, whatever else lacks.
    assert 1000 * np.linalg.norm(trial.landmarks_m - truth, axis=-1)[:, 0].mean() < 60


def test_three_pelvis_markers_or_a_sacral_one_will_do(session, tmp_path):
    info, static, _, _ = session
    pelvis = ("LASI", "RASI", "LPSI", "RPSI")
    whole = fit_subject(info, only(static, pelvis), [], tmp_path / "a").scale
    mirrored = fit_subject(info, only(static, pelvis[:3]), [], tmp_path / "b").scale
    assert np.isfinite(list(whole.landmark_sd_m.values())).all()
    assert abs(whole.lordosis_deg - mirrored.lordosis_deg) < 5
