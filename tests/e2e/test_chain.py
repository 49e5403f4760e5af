"""The whole chain on the smallest set that is still real: scenes, world, fit, labels, training, report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pipelines import render


def labels(run_dir, split):
    return run_dir / "dataset" / "annotations" / f"person_keypoints_{split}-synth.json"


def test_every_stage_is_complete_and_nothing_failed(run_dir):
    for name in ("scenes", "render", "fit-opensim", "dataset", "train"):
        manifest = json.loads((run_dir / name / "manifest.json").read_text())
        assert manifest["status"] == "complete"
        assert manifest["failures"] == []


def test_a_complete_stage_is_a_no_op(run_dir, config):
    before = (run_dir / "render" / "manifest.json").read_bytes()
    render.run(run_dir, config)
    assert (run_dir / "render" / "manifest.json").read_bytes() == before


def test_no_body_is_in_both_splits(run_dir):
    from pipelines.tables import read_table

    subjects = [
        set(read_table(labels(run_dir, s).with_suffix(".extras.parquet")).subject_id)
        for s in ("train", "val")
    ]
    assert subjects[0]
    assert subjects[1]
    assert not subjects[0] & subjects[1]


def test_stored_3d_through_the_stored_camera_meets_the_labels(run_dir):
    from pipelines.tables import read_table

    for split in ("train", "val"):
        coco = json.loads(labels(run_dir, split).read_text())
        extras = read_table(labels(run_dir, split).with_suffix(".extras.parquet")).set_index("annotation_id")
        for annotation in coco["annotations"]:
            row = extras.loc[annotation["id"]]
            R = np.array(row.R_world_to_cam).reshape(3, 3)
            world = np.array(row.keypoints_world_m).reshape(-1, 3)
            flat = np.array(annotation["keypoints"]).reshape(-1, 3)
            shown = flat[:, 2] > 0
            for cam in (np.array(row.keypoints_cam_m).reshape(-1, 3), world @ R.T + row.t_world_to_cam_m):
                points = cam @ np.array(row.K).reshape(3, 3).T
                np.testing.assert_allclose((points[:, :2] / points[:, 2:])[shown], flat[shown, :2], atol=0.01)


def test_truth_as_prediction_scores_one_on_all_subsets(run_dir):
    from spinepose.coco import load_coco
    from spinepose.coco_eval import average_precision

    for split in ("train", "val"):
        coco = json.loads(labels(run_dir, split).read_text())
        results = [
            {"image_id": a["image_id"], "category_id": 1, "keypoints": a["keypoints"], "score": 1.0}
            for a in coco["annotations"]
        ]
        for name, values in average_precision(load_coco(labels(run_dir, split)), results).items():
            assert values["AP"] == pytest.approx(1.0, abs=5e-4), name


def test_pycocotools_reads_the_labels_as_they_are(run_dir):
    from pycocotools.coco import COCO

    for split in ("train", "val"):
        coco = COCO(str(labels(run_dir, split)))
        assert len(coco.getAnnIds()) == len(json.loads(labels(run_dir, split).read_text())["annotations"])
        for image in coco.loadImgs(coco.getImgIds()):
            assert (run_dir / "dataset" / "images" / image["file_name"]).exists()


def test_the_fit_is_near_the_anatomy_it_never_saw(run_dir):
    report = json.loads((run_dir / "fit-opensim" / "report.json").read_text())
    whole = report["fit_minus_authored_mm"][-1]
    assert whole["level"] == "all"
    assert whole["mean_mm"] < 20, f"fit minus authored {whole['mean_mm']:.1f} mm >= 20 mm"


def test_model_files_exist_and_losses_are_logged_by_name(run_dir):
    import pandas as pd

    assert (run_dir / "train" / "student.onnx").stat().st_size > 1e6
    log = pd.read_csv(run_dir / "train" / "metrics.csv")
    for term in ("positional", "distillation", "structure", "smoothness"):
        assert any(term in column for column in log.columns), term


def test_the_report_is_one_offline_page(run_dir):
    html = (run_dir / "report.html").read_text()
    assert "data:image/jpeg;base64," in html
    assert 'src="http' not in html
    assert (run_dir / "contact_sheet.png").stat().st_size > 50_000
