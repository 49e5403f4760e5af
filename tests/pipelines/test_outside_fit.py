"""fit-opensim --trc from end to end: files written, the input's frame, one line for what cannot be done."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from opensim_models.io import read_raw_trc
from opensim_models.spine import nominal_spine
from opensim_models.trial import to_world
from pipelines.cli import main
from spinepose.skeleton import SPINE_CHAIN
from tests.opensim_models.outside_files import person, plug_in_names, write

pytest.importorskip("opensim")
DATA = Path(os.environ.get("SPINEFORGE_DATA", "/nowhere"))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A walk without back and head markers, z up, legs swapped, fitted with its static trial."""
    folder = tmp_path_factory.mktemp("outside")
    times, names, points = person(nominal_spine(1.70, "male"), frames=12, rate=20.0)
    blind = ("T3", "T8", "T12", "L3", "LFHD", "RFHD", "LBHD", "RBHD", "LT10P", "RT10P", "LL2P", "RL2P")
    keep = [i for i, n in enumerate(names) if n not in blind]
    names, points = [names[i] for i in keep], to_world(points[:, keep])
    named = plug_in_names(names)
    lost = points.copy()
    lost[3:6, names.index("RKNL")] = np.nan
    write(folder / "walk.trc", times, named, lost)
    write(folder / "static.trc", times, named, np.repeat(points[:1], len(times), axis=0))
    out = folder / "out"
    code = main([
        "fit-opensim", "--trc", str(folder / "walk.trc"), "--static", str(folder / "static.trc"), "--out", str(out),
        "--stature", "1.70", "--mass", "70", "--sex", "male",
    ])  # fmt: skip
    assert code == 0
    return out, points, names


def test_all_files_are_there_and_the_report_leads_with_the_ruling(done):
    out, _, _ = done
    names = {path.name for path in out.iterdir()}
    assert {
        "model.osim", "walk.trc", "walk.mot", "landmarks.parquet", "landmarks.csv", "report.json", "report.html",
    } <= names  # fmt: skip
    report = json.loads((out / "report.json").read_text())
    assert list(report)[:4] == ["marker_rms_m", "marker_max_m", "verdict", "reasons"]
    assert report["marker_rms_m"] < 0.01
    assert report["verdict"] != "accept"  # half of the spine is not observed
    assert any("observed" in r or "do not show" in r for r in report["reasons"])
    assert {r["kind"] for r in report["repairs"]} == {"vertical", "gap"}
    assert report["replay_max_mm"] < 0.001


def test_landmarks_are_in_the_files_frame_with_covariance(done):
    out, points, names = done
    table = pd.read_parquet(out / "landmarks.parquet")
    columns = ["frame", "time_s", "landmark", "x_m", "y_m", "z_m", "sigma_m", "observed"]
    assert list(table.columns) == [*columns, "covariance_m2"]
    assert list(pd.read_csv(out / "landmarks.csv").columns) == columns
    assert len(table) == 12 * len(SPINE_CHAIN)
    hips = table[table.landmark == "hip"][["x_m", "y_m", "z_m"]].to_numpy()
    spines = points[:, [names.index(n) for n in ("LPSI", "RPSI", "LASI", "RASI")]].mean(axis=1)
    assert np.linalg.norm(hips - spines, axis=1).max() < 0.12
    covariance = np.stack(table.covariance_m2.to_list()).reshape(-1, 3, 3)
    np.testing.assert_allclose(np.sqrt(np.trace(covariance, axis1=1, axis2=2) / 3), table.sigma_m, rtol=1e-6)


def test_the_page_is_one_offline_file(done):
    html = (done[0] / "report.html").read_text()
    assert html.count("data:image/png;base64,") == 4
    assert "http" not in html.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--trc", "nowhere.trc", "--out", "x"], "no such file"),
        (["--trc", "nowhere.trc"], "--out DIR"),
        (["--static", "a.trc"], "go with --trc"),
    ],
)
def test_mistakes_are_one_line(arguments, words, capsys):
    assert main(["fit-opensim", *arguments]) == 2
    said = capsys.readouterr().err.strip()
    assert words in said
    assert "\n" not in said


def test_input_is_never_overwritten(tmp_path, capsys):
    times, names, points = person(nominal_spine(1.70, "male"), frames=2)
    path = write(tmp_path / "a.trc", times, names, points)
    before = path.read_bytes()
    assert main(["fit-opensim", "--trc", str(path), "--out", str(tmp_path)]) == 2
    assert "overwrite" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.skipif(not (DATA / "markers/run.trc").exists(), reason="SPINEFORGE_DATA is not set")
def test_a_c3d_of_the_recorded_run_gives_the_same_vertebrae(tmp_path):
    """The whole way through ezc3d: file, names, gaps, frame numbers, fit, tables."""
    ezc3d = pytest.importorskip("ezc3d")
    raw = read_raw_trc(DATA / "markers/run.trc")
    some = slice(30, 50)
    times, points = raw.times_s[some], raw.points_m[some]
    write(tmp_path / "run.trc", times, list(raw.names), points)
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [1.0 / float(np.median(np.diff(raw.times_s)))]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(raw.names)
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    data = np.ones((4, len(raw.names), len(times)))
    data[:3] = 1000 * np.moveaxis(points, (0, 1, 2), (2, 1, 0))
    file["data"]["points"] = data
    file.write(str(tmp_path / "run.c3d"))
    static = str(DATA / "markers/static.trc")
    tables = {}
    for ending in ("trc", "c3d"):
        out = tmp_path / f"out_{ending}"
        words = [
            "fit-opensim",
            "--trc",
            str(tmp_path / f"run.{ending}"),
            "--static",
            static,
            "--out",
            str(out),
        ]
        assert main([*words, "--landmarks", "keypoints37"]) == 0
        assert (out / "landmarks_keypoints37.csv").exists()
        tables[ending] = pd.read_parquet(out / "landmarks.parquet")
    a, b = tables["trc"], tables["c3d"]
    place = ["x_m", "y_m", "z_m"]
    gap = np.linalg.norm(a[place].to_numpy() - b[place].to_numpy(), axis=1).max()
    assert gap < 1e-4, f"vertebrae of .c3d and .trc are {1000 * gap:.3f} mm apart"
    assert (a.landmark == b.landmark).all()
    assert (a.observed == b.observed).all()
    np.testing.assert_allclose(a.sigma_m, b.sigma_m, atol=1e-5)
