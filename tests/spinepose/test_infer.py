from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from estimators import SIZE, make_checkpoint, make_picture

from spinepose import sources
from spinepose.errors import InputError
from spinepose.estimator import SpinePoseEstimator
from spinepose.export import export_onnx
from spinepose.infer import InferOptions, PeopleFinder, in_sight, run_inference
from spinepose.model.family import PoseModel
from spinepose.model.weights import save_checkpoint
from spinepose.outputs import Wanted
from spinepose.skeleton import HALPE26_NAMES, INDEX, NUM_KEYPOINTS
from spinepose.sources import Frame, Source
from spinepose.visualize import draw_person


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("model") / "student.pt")


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    export_onnx(checkpoint, checkpoint.with_suffix(".onnx"))
    return checkpoint.with_suffix(".onnx")


def _video(path: Path, frames: int, codec: str = "mp4v", rate: float = 10) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (96, 64))
    for value in range(frames):
        writer.write(np.full((64, 96, 3), 20 * value % 256, np.uint8))
    writer.release()
    return path


class FollowsTheLight:
    """Stands for a model that finds a person in every box that holds something bright, and looks at nothing else."""

    input_size = SIZE

    def predict(self, crops, flip_test):
        images = crops.numpy()
        points = np.zeros((len(images), NUM_KEYPOINTS, 2))
        scores = np.zeros((len(images), NUM_KEYPOINTS))
        for i, image in enumerate(images):
            y, x = np.nonzero(image.max(axis=0) > 128)
            if len(x):
                spread = np.linspace(0, 1, NUM_KEYPOINTS)[:, None]
                points[i] = [x.min(), y.min()] + spread * [np.ptp(x), np.ptp(y)]
                scores[i] = 0.9
        return points, scores


def _finder(options: InferOptions, detector=None) -> PeopleFinder:
    estimator = SpinePoseEstimator.__new__(SpinePoseEstimator)
    estimator.flip_test, estimator.runner, estimator.detector = False, FollowsTheLight(), detector
    return PeopleFinder(estimator, Source("v.mp4", "v", Path("v.mp4")), None, options)


def _spot(left: int | None) -> np.ndarray:
    image = np.zeros((240, 400, 3), np.uint8)
    if left is not None:
        image[60:160, left : left + 60] = 255
    return image


def test_a_person_is_followed_lost_and_not_invented():
    finder = _finder(InferOptions(smoothing=None))
    found = [finder(Frame(i, i / 10, _spot(40 + 12 * i))) for i in range(6)]
    assert [people.identities.tolist() for people in found] == [[0]] * 6
    # The box follows: were it still the whole picture, a point of the crop would be 5 pixels wide.
    assert abs(found[-1].points_px[0, :, 0].min() - 100) < 3
    assert len(finder(Frame(6, 0.6, _spot(None))).identities) == 0
    assert finder(Frame(7, 0.7, _spot(110))).identities.tolist() == [0]
    assert finder(Frame(40, 4.0, _spot(110))).identities.tolist() == [1]  # away for three seconds


def test_boxes_that_leave_the_picture_are_cut_and_then_dropped():
    boxes = np.array([[10, 10, 20, 20], [-10, 0, 20, 20], [-16, 0, 20, 20], [500, 500, 50, 50.0]])
    np.testing.assert_allclose(in_sight(boxes, (100, 80, 3)), [[10, 10, 20, 20], [0, 0, 10, 20]])
    assert in_sight(np.zeros((0, 4)), (100, 80, 3)).shape == (0, 4)


def test_the_detector_looks_at_every_nth_frame_and_when_nobody_is_followed():
    asked = []

    def detector(image):
        asked.append(image)
        bright = np.nonzero(image.max(axis=(0, 2)) > 128)[0]
        boxes = np.array([[bright[0], 60.0, 60.0, 100.0]]) if len(bright) else np.zeros((0, 4))
        return boxes, np.full(len(boxes), 0.8)

    finder = _finder(InferOptions(smoothing=None, detect_every=4), detector)
    found = [finder(Frame(i, i / 10, _spot(40 + 3 * i))) for i in range(6)]
    assert len(asked) == 2  # frames 0 and 4
    assert [people.identities.tolist() for people in found] == [[0]] * 6
    assert found[0].person_scores == pytest.approx(0.8 * 0.9)
    assert found[1].person_scores == pytest.approx(0.9)
    assert len(finder(Frame(6, 2.5, _spot(None))).identities) == 0
    assert len(asked) == 3


def test_a_camera_is_a_source(monkeypatch, exported: Path, tmp_path: Path):
    class Camera:
        def __init__(self, number):
            self.number, self.left = number, 3

        def isOpened(self):
            return self.number == 0

        def get(self, what):
            return 0.0

        def read(self):
            self.left -= 1
            return (True, np.zeros((64, 96, 3), np.uint8)) if self.left >= 0 else (False, None)

        def release(self):
            pass

    monkeypatch.setattr(sources.cv2, "VideoCapture", Camera)
    options = InferOptions(wanted=Wanted(overlay=False, plot=False))
    summary = run_inference(exported, "webcam:0", tmp_path, options)
    assert (summary["frames"], summary["problems"]) == (3, [])
    assert json.loads((tmp_path / "webcam0.json").read_text())["source"] == "webcam:0"
    with pytest.raises(InputError, match="no such camera"):
        run_inference(exported, "webcam:1", tmp_path, options)
    with pytest.raises(InputError, match="expected webcam:0"):
        run_inference(exported, "webcam:front", tmp_path, options)


def test_a_video_that_breaks_off_keeps_what_was_done(exported: Path, tmp_path: Path):
    whole = _video(tmp_path / "whole.avi", 40, "MJPG")
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    box = [[0, 0, 96, 64]]
    options = InferOptions(boxes={"cut.avi": box, "after.png": box}, wanted=Wanted(openpose=True))
    picture = make_picture(tmp_path / "after.png")
    summary = run_inference(exported, [cut, picture], tmp_path / "out", options)
    [problem] = summary["problems"]
    document = json.loads((tmp_path / "out" / "cut.json").read_text())
    count = len(document["frames"])
    assert 5 < count < 40
    assert f"breaks off after {count} of" in problem
    assert (document["complete"], document["problem"]) == (False, problem)
    assert len(list((tmp_path / "out" / "cut_json").glob("cut_0000*.json"))) == count
    overlay = cv2.VideoCapture(str(tmp_path / "out" / "cut_overlay.mp4"))
    assert int(overlay.get(cv2.CAP_PROP_FRAME_COUNT)) == count
    assert (tmp_path / "out" / "after_overlay.jpg").is_file()  # the others go on
    assert len(json.loads((tmp_path / "out" / "results.json").read_text())) == count + 1


def test_openpose_csv_and_plot(exported: Path, tmp_path: Path):
    video = _video(tmp_path / "cam01.mp4", 3)
    boxes = {"cam01.mp4": [[0, 0, 40, 60], [50, 0, 40, 60]], "cam01.mp4:1": []}
    errors = {"schema_version": 1, "source": "held out", "measures": {"trunk_lean_deg": {"p68": 4.5}}}
    (tmp_path / "e.json").write_text(json.dumps(errors))
    options = InferOptions(
        boxes=boxes, errors=tmp_path / "e.json", wanted=Wanted(overlay=False, openpose=True)
    )
    summary = run_inference(exported, video, tmp_path / "out", options)
    assert summary["frames_with_nobody"] == 1
    pages = [json.loads(p.read_text()) for p in sorted((tmp_path / "out" / "cam01_json").iterdir())]
    assert [len(page["people"]) for page in pages] == [2, 0, 2]
    assert len(pages[0]["people"][0]["pose_keypoints_2d"]) == 111
    assert [p["person_id"] for p in pages[0]["people"]] == [[0], [1]]
    with (tmp_path / "out" / "cam01.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["frame"], row["person"]) for row in rows] == [
        ("0", "0"), ("0", "1"), ("1", ""), ("2", "0"), ("2", "1"),
    ]  # fmt: skip
    assert rows[3]["time_s"] == "0.2"
    # A measure of points that are not sure enough is empty, and so is its error.
    assert all((row["trunk_lean_deg"] == "") == (row["trunk_lean_deg_error"] == "") for row in rows)
    assert (tmp_path / "out" / "cam01_measures.png").stat().st_size > 10_000
    assert not (tmp_path / "out" / "cam01_overlay.mp4").exists()


def test_folder_video_and_boxes(exported: Path, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    make_picture(folder / "a.png")
    make_picture(folder / "a.jpg", 1)
    _video(folder / "c.mp4", 3)
    boxes = {"a.jpg": [[5, 5, 40, 80], [50, 5, 40, 80]], "a.png": [], "c.mp4": [[0, 0, 96, 64]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    out = tmp_path / "out"
    summary = run_inference(exported, folder, out, InferOptions(boxes=tmp_path / "boxes.json"))
    assert (summary["inputs"], summary["frames"], summary["people"]) == (3, 5, 5)
    document = json.loads((out / "a.json").read_text())
    assert len(document["frames"][0]["people"]) == 2
    assert np.shape(document["frames"][0]["people"][0]["keypoints"]) == (37, 3)
    assert json.loads((out / "a_2.json").read_text())["frames"] == [
        {"frame": 0, "time_s": 0.0, "image_id": 2, "people": []}
    ]
    overlay = cv2.VideoCapture(str(out / "c_overlay.mp4"))
    assert int(overlay.get(cv2.CAP_PROP_FRAME_COUNT)) == 3
    rows = json.loads((out / "results.json").read_text())
    assert [row["image_id"] for row in rows] == [1, 1, 3, 4, 5]
    assert {len(row["keypoints"]) for row in rows} == {111}
    drawn, plain = (cv2.imread(str(path)) for path in (out / "a_overlay.jpg", folder / "a.jpg"))
    assert drawn.shape == plain.shape


def test_bad_inputs_are_one_line(checkpoint: Path, exported: Path, tmp_path: Path):
    picture = make_picture(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("x")
    halpe = tmp_path / "halpe.pt"
    save_checkpoint(halpe, PoseModel("t", 26, SIZE), HALPE26_NAMES)
    (tmp_path / "cut.mp4").write_bytes(_video(tmp_path / "whole.mp4", 5).read_bytes()[:300])
    cases = [
        (checkpoint, tmp_path / "none.png", None, "no such picture"),
        (checkpoint, tmp_path / "empty", None, "no picture or video"),
        (checkpoint, tmp_path / "broken.jpg", None, "cannot be read as an image"),
        (checkpoint, tmp_path / "cut.mp4", None, "cannot be read as a video"),
        (checkpoint, tmp_path / "notes.txt", None, "neither a picture nor a video"),
        (checkpoint, picture, {"b.png": [[0, 0, 1, 1]]}, "none for 'a.png'"),
        (checkpoint, picture, {"a.png": [], "b.png": []}, "'b.png' is none of the inputs"),
        (checkpoint, picture, [[0, 0, -1, 5]], "must be positive"),
        (checkpoint, picture, [[1, 2, 3]], "left, top, width, height"),
        (checkpoint, picture, tmp_path / "none.json", "no such file of boxes"),
        (halpe, picture, None, "another skeleton"),
        (tmp_path / "broken.onnx", picture, None, "cannot open it"),
        (tmp_path / "none.onnx", picture, None, "no such model"),
    ]
    for model, source, boxes, words in cases:
        with pytest.raises(InputError, match=words) as caught:
            run_inference(model, source, tmp_path / "out", InferOptions(boxes=boxes))
        assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out/*overlay*"))


def test_drawing_stays_inside_and_skips_what_is_not_labelled():
    image = np.zeros((100, 80, 3), np.uint8)
    points = np.full((37, 2), np.nan)
    points[INDEX["hip"]], points[INDEX["nose"]], points[INDEX["spine_01"]] = (40, 60), (10, 10), (1e9, 5)
    visibility = np.zeros(37, int)
    visibility[[INDEX["hip"], INDEX["spine_01"]]] = 2
    assert draw_person(image, points, visibility) is image
    assert image[60, 40].any()
    assert not image[:30].any()
    assert draw_person(image.copy(), points, np.where(visibility, 1, 0))[60, 40].any()
