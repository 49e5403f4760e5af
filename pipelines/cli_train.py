"""Options of ``spineforge train``."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this stage takes: a teacher, a start, labels of one's own, an ablation."""
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help="a body teacher: .pt or .pth (ours or mmpose's), .onnx (RTMPose), .json (keypoints found beforehand)",
    )
    parser.add_argument(
        "--init", type=Path, metavar="FILE", help="weights that the student starts from (.pt or .pth)"
    )
    own = parser.add_argument_group("labels of your own", "with --labels no run is needed")
    own.add_argument("--labels", type=Path, metavar="FILE", help="COCO keypoint file, keypoints by name")
    own.add_argument("--images", type=Path, metavar="DIR", help="folder that its file names are relative to")
    own.add_argument(
        "--val-labels", type=Path, metavar="FILE", help="held-out people (default: one image in ten)"
    )
    own.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--ablate",
        action="store_true",
        help="train the student with and without each term of the loss and print what each buys",
    )
    parser.add_argument(
        "--hide-body",
        action="store_true",
        help="with --ablate: hide the labels of the body, so that only distillation teaches it",
    )
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="trainings of each row of the ablation (default 3)"
    )
