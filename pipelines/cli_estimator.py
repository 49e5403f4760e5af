"""The parsers of what is done with a trained model: evaluate, export, infer."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_estimator_commands(commands: argparse._SubParsersAction) -> None:
    """Add evaluate, export and infer."""
    _add_evaluate(commands)
    _add_export(commands)
    _add_infer(commands)


def _add_model(parser: argparse.ArgumentParser, run: str | None) -> None:
    words = "the run's student" if run else "that of --run, else the packaged model"
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help=f".pt or .onnx (default: {words})")
    parser.add_argument(
        "--run",
        type=Path,
        default=None if run is None else Path(run),
        metavar="DIR",
        help="run folder" + ("" if run is None else f" (default {run})"),
    )


def _add_detector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector", type=Path, metavar="FILE", help="people detector, ONNX in rtmlib's layout"
    )
    parser.add_argument(
        "--detector-kind", choices=("yolox", "rtmdet"), help="its input; default: as its name says"
    )


def _add_evaluate(commands: argparse._SubParsersAction) -> None:
    words = "AP, AR, PCK, millimetres and baselines of a model on a label file"
    parser = commands.add_parser("evaluate", help=words, description=words)
    _add_model(parser, "runs/default")
    parser.add_argument(
        "--labels",
        type=Path,
        help="COCO file with some of the 37 keypoints (default: the run's held-out labels)",
    )
    parser.add_argument("--images", type=Path, help="folder that file names are relative to")
    parser.add_argument(
        "--detections",
        type=Path,
        metavar="FILE",
        help="boxes found by a detector (COCO's JSON) instead of the true",
    )
    _add_detector(parser)
    parser.add_argument(
        "--train-labels",
        type=Path,
        metavar="FILE",
        help="labels of the training split, for the ridge baseline (default: the run's)",
    )
    parser.add_argument(
        "--train-images", type=Path, metavar="DIR", help="folder of their images (default: --images)"
    )
    parser.add_argument("--no-flip", action="store_true", help="without the mirrored crop: half the time")
    parser.add_argument("--out", type=Path, help="folder for metrics and predictions")


def _add_export(commands: argparse._SubParsersAction) -> None:
    words = "write a checkpoint as ONNX (opset 17, SimCC outputs)"
    parser = commands.add_parser("export", help=words, description=words)
    _add_model(parser, "runs/default")
    parser.add_argument("--out", type=Path, help="the .onnx file (default: beside the checkpoint)")
    parser.add_argument(
        "--bgr", action="store_true", help="bake BGR input order into the graph (rtmlib, Pose2Sim)"
    )
    parser.add_argument(
        "--int8",
        action="store_true",
        help="also write an int8 file, calibrated on training crops, and its cost",
    )
    parser.add_argument(
        "--package",
        action="store_true",
        help="also make it the model that comes with the package: half precision, measured on the run's held-out "
        "people, with a card",
    )
    parser.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="JSON with fields of the card that replace those made by --package",
    )


def _add_infer(commands: argparse._SubParsersAction) -> None:
    words = "run a model on pictures, folders, videos or a camera; no display is needed"
    parser = commands.add_parser("infer", help=words, description=words)
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="pictures, folders, videos, or webcam:0")
    _add_model(parser, None)
    parser.add_argument(
        "--boxes",
        type=Path,
        metavar="FILE",
        help="JSON with people's boxes by file or frame; without it and --detector the first frame as a whole is one "
        "person, who is then followed",
    )
    _add_detector(parser)
    parser.add_argument(
        "--detect-every",
        type=int,
        default=1,
        metavar="N",
        help="look at every N-th frame, follow between (default 1)",
    )
    parser.add_argument(
        "--min-score",
        type=float,
        default=0.2,
        metavar="S",
        help="lowest mean keypoint score of a person (default 0.2)",
    )
    parser.add_argument("--no-smooth", action="store_true", help="keypoints as found, frame by frame")
    parser.add_argument("--no-flip", action="store_true", help="without the mirrored crop: half the time")
    parser.add_argument("--no-overlay", action="store_true", help="no pictures and videos, figures only")
    parser.add_argument(
        "--openpose", action="store_true", help="also NAME_json/NAME_000000.json, a file a frame"
    )
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after N frames of each input")
    parser.add_argument(
        "--errors", type=Path, metavar="FILE", help="measure_errors.json of the model (default: beside it)"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/infer"), help="folder (default runs/infer)")
