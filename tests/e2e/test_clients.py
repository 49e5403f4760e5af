"""Other people's clients, in an environment of their own, on the file that we export."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

pytestmark = pytest.mark.extra

CLIENTS = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"
RTMLIB = """
import json, sys
import cv2
from rtmlib.tools.pose_estimation.rtmpose import RTMPose
model, image, width, height = sys.argv[1], cv2.imread(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
box = [float(value) for value in sys.argv[5:9]]
pose = RTMPose(model, model_input_size=(width, height), backend=sys.argv[9])
keypoints, scores = pose(image, [box])
print(json.dumps({"keypoints": keypoints[0].tolist(), "scores": scores[0].tolist()}))
"""


@pytest.mark.parametrize("backend", ["onnxruntime", "opencv"])
def test_rtmlib_finds_the_keypoints_that_we_find(run_dir, tmp_path, backend):
    from spinepose.export import export_onnx
    from spinepose.infer import SpinePoseEstimator

    # rtmlib feeds BGR with RGB means: the corrected order is baked into the file.
    model = tmp_path / "student_bgr.onnx"
    export_onnx(run_dir / "train" / "student.pt", model, bgr=True)
    coco = json.loads((run_dir / "dataset" / "annotations" / "person_keypoints_val-synth.json").read_text())
    annotation = coco["annotations"][0]
    name = next(i["file_name"] for i in coco["images"] if i["id"] == annotation["image_id"])
    image_path = run_dir / "dataset" / "images" / name
    x, y, w, h = annotation["bbox"]
    ours, _ = SpinePoseEstimator(run_dir / "train" / "student.onnx")(
        cv2.imread(str(image_path)), np.array([[x, y, w, h]])
    )
    arguments = [str(v) for v in (model, image_path, 96, 128, x, y, x + w, y + h, backend)]
    done = subprocess.run([CLIENTS, "-c", RTMLIB, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = np.array(json.loads(done.stdout.splitlines()[-1])["keypoints"])
    # A bin is half a pixel of the crop; a tie between two bins may fall either way.
    close = np.linalg.norm(theirs - ours[0], axis=-1) < 1.0
    assert close.mean() > 0.9, np.linalg.norm(theirs - ours[0], axis=-1)
