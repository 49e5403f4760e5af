"""Recordings from outside: names, units, axes, sides, gaps, jumps; each fault is repaired on record or one line."""

import os
from pathlib import Path

import numpy as np
import pytest

from opensim_models import gaps
from opensim_models.io import read_raw_trc
from opensim_models.marker_maps import map_names, read_own_map, tables
from opensim_models.outside import covariance_to_file, prepare, to_file
from opensim_models.spine import nominal_spine
from opensim_models.trial import to_osim, to_world
from spinepose.errors import InputError
from tests.opensim_models.outside_files import person, plug_in_names, write

DATA = Path(os.environ.get("SPINEFORGE_DATA", "/nowhere"))


@pytest.fixture(scope="module")
def walk():
    times, names, points = person(nominal_spine(1.70, "male"))
    return times, plug_in_names(names), points


def refuse(match, *args, **kwargs):
    with pytest.raises(InputError, match=match) as caught:
        prepare(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kinds(prepared):
    return [repair.kind for repair in prepared.repairs]


def test_a_clean_file_needs_no_repair_and_comes_out_in_metres(walk, tmp_path):
    times, names, points = walk
    found = prepare(write(tmp_path / "a.trc", times, names, points))
    assert found.repairs == ()
    assert found.moving.up == "y"
    assert "Plug-in Gait" in found.moving.mapped.convention
    column = found.moving.trial.marker_names.index("RKNL")
    np.testing.assert_allclose(
        to_osim(found.moving.trial.markers_m[:, column]), points[:, names.index("RKNE")], atol=1e-6
    )


@pytest.mark.parametrize("unit", ["m", "cm", "mm"])
def test_all_units_give_one_person(walk, tmp_path, unit):
    times, names, points = walk
    found = prepare(write(tmp_path / "a.trc", times, names, points, unit)).moving.trial
    assert 1.3 < gaps.body_span(found.markers_m) < 1.8


def test_millimetres_said_to_be_metres_are_repaired_with_a_record(walk, tmp_path):
    times, names, points = walk
    path = write(tmp_path / "a.trc", times, names, points, "mm")
    path.write_text(path.read_text().replace("\tmm\t", "\tm\t"))
    found = prepare(path)
    assert kinds(found) == ["unit"]
    assert "read as millimetres" in found.repairs[0].words
    assert 1.3 < gaps.body_span(found.moving.trial.markers_m) < 1.8


def test_a_size_that_is_no_person_is_refused(walk, tmp_path):
    times, names, points = walk
    refuse("no person", write(tmp_path / "a.trc", times, names, points * 5))


def test_z_up_is_told_from_the_person_and_recorded(walk, tmp_path):
    times, names, points = walk
    found = prepare(write(tmp_path / "a.trc", times, names, to_world(points)))
    assert found.moving.up == "z"
    assert kinds(found) == ["vertical"]
    same = prepare(write(tmp_path / "b.trc", times, names, points))
    np.testing.assert_allclose(found.moving.trial.markers_m, same.moving.trial.markers_m, atol=1e-6)


def test_a_person_along_x_is_refused_and_up_forces(walk, tmp_path):
    times, names, points = walk
    path = write(tmp_path / "a.trc", times, names, points[..., [1, 2, 0]])
    assert "--up" in refuse("nobody standing", path)
    assert prepare(path, up="y").moving.up_source == "--up"


def test_back_to_the_files_own_axes():
    points = np.random.default_rng(0).normal(size=(4, 3))
    np.testing.assert_allclose(to_file(to_world(points), "y"), points)
    np.testing.assert_array_equal(to_file(points, "z"), points)
    covariance = np.diag([1.0, 2.0, 3.0])  # world: up is z, so 3 becomes the file's y
    np.testing.assert_allclose(
        covariance_to_file(covariance[None], "y")[0], np.diag([1.0, 3.0, 2.0]), atol=1e-12
    )


@pytest.mark.parametrize(("said", "has"), [(70, 60), (50, 60)])
def test_a_frame_count_that_lies_names_both(walk, tmp_path, said, has):
    times, names, points = walk
    path = write(tmp_path / "a.trc", times, names, points, said=said)
    message = refuse(f"header says {said} frames, the file has {has}", path)
    assert "a.trc" in message


def test_empty_files_and_other_endings(tmp_path):
    for name in ("a.trc", "a.c3d"):
        (tmp_path / name).write_text("")
        refuse("is empty", tmp_path / name)
    (tmp_path / "b.c3d").write_text("hello, this is no c3d")
    refuse("is not a .c3d", tmp_path / "b.c3d")
    (tmp_path / "a.txt").write_text("x")
    refuse(r"only .trc and .c3d", tmp_path / "a.txt")


def test_no_pelvis_is_one_line(walk, tmp_path):
    times, names, points = walk
    keep = [i for i, n in enumerate(names) if n not in ("RASI", "LASI", "RPSI", "LPSI")]
    refuse("has no pelvis", write(tmp_path / "a.trc", times, [names[i] for i in keep], points[:, keep]))
    lost = points.copy()
    lost[:, [names.index(n) for n in ("RASI", "LASI", "RPSI")]] = np.nan
    refuse("has no pelvis", write(tmp_path / "b.trc", times, names, lost))


def test_a_gap_of_30_frames_stays_missing_and_is_recorded(walk, tmp_path):
    times, names, points = walk
    lost = points.copy()
    lost[10:40, names.index("RKNE")] = np.nan
    found = prepare(write(tmp_path / "a.trc", times, names, lost))
    assert kinds(found) == ["gap"]
    assert "30 in a row" in found.repairs[0].words
    (gap,) = found.moving.gaps
    assert (gap.marker, gap.first, gap.last, gap.frames) == ("RKNL", 10, 39, 30)
    assert np.isnan(found.moving.trial.markers_m[10:40, found.moving.trial.marker_names.index("RKNL")]).all()


@pytest.mark.parametrize("frames", [slice(20, 22), slice(15, 35)])
def test_a_marker_that_jumps_is_masked_there_and_nowhere_else(walk, tmp_path, frames):
    times, names, points = walk
    bad = points.copy()
    bad[frames, names.index("RASI")] += [0.0, 0.3, 0.1]
    found = prepare(write(tmp_path / "a.trc", times, names, bad))
    assert set(kinds(found)) == {"jump", "gap"}
    missing = np.isnan(found.moving.trial.markers_m).any(axis=-1)
    assert missing.sum() == frames.stop - frames.start
    assert missing[frames, found.moving.trial.marker_names.index("RASI")].all()


def test_labels_exchanged_in_some_frames_are_exchanged_back(walk, tmp_path):
    times, names, points = walk
    pair = [names.index("RTOE"), names.index("RMT5")]
    bad = points.copy()
    frames = np.arange(5, 60, 3)
    bad[np.ix_(frames, pair)] = bad[np.ix_(frames, pair[::-1])]
    found = prepare(write(tmp_path / "a.trc", times, names, bad))
    assert kinds(found) == ["labels"]
    columns = [found.moving.trial.marker_names.index(n) for n in ("RTOE", "RMT5")]
    np.testing.assert_allclose(to_osim(found.moving.trial.markers_m[:, columns]), points[:, pair], atol=1e-6)


def test_the_static_trial_tells_which_label_is_right_even_against_the_majority(walk, tmp_path):
    times, names, points = walk
    pair = [names.index("RTOE"), names.index("RMT5")]
    bad = points.copy()
    bad[:45, pair] = bad[:45, pair[::-1]]
    found = prepare(
        write(tmp_path / "a.trc", times, names, bad), write(tmp_path / "static.trc", times, names, points)
    )
    columns = [found.moving.trial.marker_names.index(n) for n in ("RTOE", "RMT5")]
    np.testing.assert_allclose(to_osim(found.moving.trial.markers_m[:, columns]), points[:, pair], atol=1e-6)


@pytest.mark.parametrize("group", ["legs", "arms", "everything"])
def test_swapped_sides_are_exchanged_with_a_record(walk, tmp_path, group):
    times, names, points = walk
    stems = {
        "legs": {"THI", "KNE", "MKNE", "TIB", "ANK", "MANK", "HEE", "TOE", "MT5"},
        "arms": {"SHO", "ELB", "ELM", "WRA", "WRB", "FIN"},
        "everything": {n[1:] for n in names},
    }[group]
    other = {"L": "R", "R": "L"}
    foreign = [other[n[0]] + n[1:] if n[1:] in stems and n[0] in "LR" else n for n in names]
    found = prepare(write(tmp_path / "a.trc", times, foreign, points))
    assert set(kinds(found)) == {"sides"}
    clean = prepare(write(tmp_path / "b.trc", times, names, points)).moving.trial
    trial = found.moving.trial
    for name in ("RKNL", "LANL", "RELL", "RASI", "LTOE"):
        np.testing.assert_allclose(
            trial.markers_m[:, trial.marker_names.index(name)],
            clean.markers_m[:, clean.marker_names.index(name)],
            atol=1e-6,
        )


def test_a_single_swapped_pair_is_refused(walk, tmp_path):
    times, names, points = walk
    foreign = [{"LANK": "RANK", "RANK": "LANK"}.get(n, n) for n in names]
    refuse("LANL and RANL", write(tmp_path / "a.trc", times, foreign, points))


def test_frames_without_a_pelvis_are_left_out_and_frame_numbers_kept(walk, tmp_path):
    times, names, points = walk
    lost = points.copy()
    lost[:7] = np.nan
    found = prepare(write(tmp_path / "a.trc", times, names, lost))
    assert kinds(found) == ["frames"]
    assert found.moving.frames[0] == 8
    assert len(found.moving.trial.times_s) == 53


def test_ragged_headers_zeros_and_names_twice(walk, tmp_path):
    times, names, points = walk
    path = write(tmp_path / "a.trc", times, names, points)
    lines = path.read_text().split("\n")
    path.write_text(
        "\n".join([lines[0], *(x.strip().replace("\t", "  ") for x in lines[1:3]), *lines[3:4], *lines[6:]])
    )
    assert read_raw_trc(path).points_m.shape == points.shape
    zero = points.copy()
    zero[3, 4] = 0.0
    raw = read_raw_trc(write(path, times, names, zero))
    assert np.isnan(raw.points_m[3, 4]).all()
    assert "exactly (0, 0, 0)" in raw.notes[0]
    refuse(
        "appear twice",
        write(path, times, ["RASI", *["RASI" if n == "LASI" else n for n in names[1:]]], points),
    )


def test_the_tables_are_sound_and_both_sides_alike():
    for table in tables():
        assert not (table.targets.keys() & table.bodies.keys())
        for name, target in table.targets.items():
            if name[0] == "R" and name[-2:] not in ("_R", "_L"):
                assert table.targets["L" + name[1:]] == "L" + target[1:], (table.name, name)
        for name, body in table.bodies.items():
            if name[0] == "R" and body.endswith("_r"):
                assert table.bodies["L" + name[1:]] == body[:-1] + "l"


def test_names_of_four_conventions():
    assert map_names(("Anna:LASI", "Anna:RKNE", "Anna:T10")).names == {
        "Anna:LASI": "LASI", "Anna:RKNE": "RKNL", "Anna:T10": "T10",
    }  # fmt: skip
    dotted = map_names(("R.ASIS", "V.Sacral", "R.Knee.Lat", "R.Thigh.Front", "r.heel"))
    assert dotted.names["V.Sacral"] == "SACR"
    assert dotted.names["r.heel"] == "RHEE"
    assert dotted.bodies == {"R.Thigh.Front": "femur_r", "SACR": "pelvis"}
    ior = map_names(("RIAS", "LIPS", "TV7", "RFLE", "LFCC"))
    assert ior.names["RIAS"] == "RASI"
    assert ior.bodies == {"TV7": "T7"}
    cluster = map_names(("RTH1", "LTB3", "RHJC", "Mid_PSIS", "RLFC", "RLFCv", "Ghost9"))
    assert cluster.bodies == {"RTH1": "femur_r", "LTB3": "tibia_l"}
    assert set(cluster.ignored) == {"RHJC", "Mid_PSIS", "RLFCv", "Ghost9"}
    assert "virtual copy of RLFC" in cluster.ignored["RLFCv"]
    assert "--markers" in cluster.ignored["Ghost9"]


def test_two_names_for_one_marker_keep_the_first():
    found = map_names(("RKNE", "R.Knee.Lat"))
    assert found.names == {"RKNE": "RKNL"}
    assert found.ignored == {"R.Knee.Lat": "RKNL is already 'RKNE'"}


def test_a_users_own_table(walk, tmp_path):
    times, names, points = walk
    foreign = ["hip_front" if n == "RASI" else "plate" if n == "RTHI" else n for n in names]
    own = tmp_path / "map.yaml"
    own.write_text("markers:\n  hip_front: RASI\n  plate: {body: femur_r}\n  LFIN: {ignore: loose}\n")
    found = prepare(write(tmp_path / "a.trc", times, foreign, points), markers=own).moving
    assert found.mapped.names["hip_front"] == "RASI"
    assert found.trial.bodies["plate"] == "femur_r"
    assert found.mapped.ignored["LFIN"] == "loose"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("markers: {a: RASY}", "nearest: .*RASI"),
        ("markers: {a: {body: femur}}", "nearest: .*femur_"),
        ("markers: {a: [1]}", "must be a marker's name"),
        ("marker: {a: RASI}", "one key 'markers'"),
        ("markers: {a: !!python/object/apply:os.system ['true']}", "cannot be read as YAML"),
        ("markers: [", "cannot be read as YAML"),
    ],
)
def test_a_users_table_is_checked(tmp_path, text, match):
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=match) as caught:
        read_own_map(path)
    assert "\n" not in str(caught.value)


def test_a_users_table_names_what_is_not_there(walk, tmp_path):
    times, names, points = walk
    own = tmp_path / "map.yaml"
    own.write_text("markers: {RASSI: RASI}\n")
    refuse("has no marker 'RASSI'.*RASI", write(tmp_path / "a.trc", times, names, points), markers=own)


def test_a_c3d_gives_what_the_trc_gives(walk, tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    times, names, points = walk
    lost = to_world(points)
    lost[10:20, 3] = np.nan
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    file["parameters"]["POINT"]["LABELS"]["value"] = names
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    data = np.ones((4, len(names), len(times)))
    data[:3] = 1000 * np.moveaxis(lost, (0, 1, 2), (2, 1, 0))
    file["data"]["points"] = data
    file.write(str(tmp_path / "a.c3d"))
    found = prepare(tmp_path / "a.c3d")
    same = prepare(write(tmp_path / "b.trc", times, names, lost))
    assert found.moving.up == "z"
    assert found.moving.trial.marker_names == same.moving.trial.marker_names
    np.testing.assert_allclose(found.moving.trial.markers_m, same.moving.trial.markers_m, atol=1e-5)
    np.testing.assert_allclose(found.moving.trial.times_s, times, atol=1e-6)


@pytest.mark.skipif(not (DATA / "markers/run.trc").exists(), reason="SPINEFORGE_DATA is not set")
def test_the_recorded_run():
    found = prepare(DATA / "markers/run.trc", DATA / "markers/static.trc")
    assert kinds(found) == ["labels"]  # toe and fifth metatarsal flicker in the recording itself
    assert len(found.moving.mapped.names) == 42
    trial = found.moving.trial
    toe, heel = (trial.markers_m[:, trial.marker_names.index(n)] for n in ("RTOE", "RHEE"))
    assert np.linalg.norm(toe - heel, axis=1).min() > 0.185
