import os
from pathlib import Path

import numpy as np
import pytest

from opensim_models.io import read_mot, read_trc, write_mot, write_trc
from opensim_models.trial import MarkerTrial, to_osim, to_world
from spinepose.errors import InputError

DATA = Path(os.environ.get("SPINEFORGE_DATA", "/nowhere"))


@pytest.fixture
def trial():
    markers = np.random.default_rng(0).normal(0, 1, (4, 3, 3))
    markers[1, 2] = np.nan
    return MarkerTrial("walk", np.arange(4) / 30, ("C7", "LASI", "RASI"), markers)


def test_axes_by_hand():
    np.testing.assert_array_equal(to_osim(np.array([1.0, 2.0, 3.0])), [1, 3, -2])
    np.testing.assert_array_equal(to_world(np.array([1.0, 3.0, -2.0])), [1, 2, 3])


def test_trc_round_trip_keeps_gaps(trial, tmp_path):
    write_trc(trial, tmp_path / "walk.trc")
    found = read_trc(tmp_path / "walk.trc")
    assert found.marker_names == trial.marker_names
    np.testing.assert_allclose(found.times_s, trial.times_s, atol=1e-6)
    np.testing.assert_allclose(found.markers_m, trial.markers_m, atol=1e-7)
    assert [p.name for p in tmp_path.iterdir()] == ["walk.trc"]


def test_opensim_reads_the_trc(trial, tmp_path):
    osim = pytest.importorskip("opensim")
    write_trc(trial, tmp_path / "walk.trc")
    table = osim.TimeSeriesTableVec3(str(tmp_path / "walk.trc"))
    assert table.getColumnLabels() == trial.marker_names
    rows = [[table.getRowAtIndex(i)[j].to_numpy() for j in range(3)] for i in range(4)]
    np.testing.assert_allclose(rows, to_osim(trial.markers_m), atol=1e-6)  # NaN where NaN


def test_mot_round_trip_and_opensim_reads_it(tmp_path):
    osim = pytest.importorskip("opensim")
    values = np.array([[0.1, 0.5], [0.2, -0.5]])
    write_mot(tmp_path / "a.mot", "a", np.array([0.0, 0.1]), ("pelvis_tx", "bend"), values)
    times, names, table = read_mot(tmp_path / "a.mot")
    assert names == ("pelvis_tx", "bend")
    np.testing.assert_allclose(times, [0, 0.1])
    np.testing.assert_allclose(table, values * [1.0, 180 / np.pi], atol=1e-8)
    storage = osim.Storage(str(tmp_path / "a.mot"))
    assert (storage.getSize(), storage.isInDegrees()) == (2, True)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t4\t3\tm\t", "\t5\t3\tm\t", "header says 5 frames, the file has 4"),
        ("\t4\t3\tm\t", "\t4\t9\tm\t", "header says 9 markers"),
        ("\tm\t", "\tinch\t", "Units"),
        ("PathFileType", "Something", "is not a .trc"),
        ("\t0.033333\t", "\tabc\t", "no number"),
    ],
)
def test_a_trc_that_lies_is_one_clear_line(trial, tmp_path, old, new, message):
    path = tmp_path / "walk.trc"
    write_trc(trial, path)
    edit(path, old, new)
    with pytest.raises(InputError, match=message) as caught:
        read_trc(path)
    assert "\n" not in str(caught.value)


def test_empty_missing_and_cut_files(trial, tmp_path):
    path = tmp_path / "x.trc"
    path.write_text("")
    with pytest.raises(InputError, match="is empty"):
        read_trc(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_trc(tmp_path / "none.trc")
    write_trc(trial, path)
    path.write_text(path.read_text()[:-200])
    with pytest.raises(InputError):
        read_trc(path)
    path.write_text("endheader\ntime\n")
    with pytest.raises(InputError, match="no rows"):
        read_mot(path)
    path.write_text("nRows=3\nendheader\ntime\ta\n0 1\n")
    with pytest.raises(InputError, match="header says 3 rows"):
        read_mot(path)


def test_a_trial_checks_itself():
    with pytest.raises(InputError, match="twice: C7"):
        MarkerTrial("a", np.zeros(1), ("C7", "C7"), np.zeros((1, 2, 3)))
    with pytest.raises(InputError, match="shape"):
        MarkerTrial("a", np.zeros(1), ("C7",), np.zeros((2, 1, 3)))
    with pytest.raises(InputError, match="do not rise"):
        MarkerTrial("a", np.zeros(2), ("C7",), np.zeros((2, 1, 3)))


@pytest.mark.skipif(not (DATA / "markers/run.trc").exists(), reason="SPINEFORGE_DATA is not set")
def test_a_recorded_file_in_millimetres():
    trial = read_trc(DATA / "markers/run.trc")
    assert trial.markers_m.shape == (123, 78, 3)
    c7 = trial.markers_m[:, trial.marker_names.index("C7")]
    assert 1.2 < np.nanmean(c7[:, 2]) < 1.8
