"""What is done with a trained model: evaluate, export, infer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipelines.run import require_stage
from spinepose.errors import InputError
from spinepose.files import write_json

TRAIN_LABELS = "annotations/person_keypoints_train-synth.json"
VAL_LABELS = "annotations/person_keypoints_val-synth.json"


def student(args: argparse.Namespace) -> Path:
    """The model that a command is about: the one given, or the run's student."""
    if args.checkpoint is not None:
        return args.checkpoint
    folder, _ = require_stage(args.run, "train")
    return folder / "student.pt"


def _detector(args: argparse.Namespace) -> Any:
    if args.detector is None:
        if args.detector_kind is not None:
            raise InputError("--detector-kind goes with --detector FILE")
        return None
    from spinepose.detect import open_detector

    return open_detector(args.detector, args.detector_kind)


def evaluate(args: argparse.Namespace) -> None:
    """Measure a model and print the numbers."""
    from spinepose.evaluate import EvaluateOptions, evaluate_checkpoint

    labels, images, train = args.labels, args.images, args.train_labels
    if labels is None:
        folder, _ = require_stage(args.run, "dataset")
        labels, images, train = (
            folder / VAL_LABELS,
            images or folder / "images",
            train or folder / TRAIN_LABELS,
        )
    elif images is None:
        raise InputError(
            "--labels needs --images: the folder that the file names in the labels are relative to"
        )
    detector = _detector(args)
    if detector is not None and args.detections is not None:
        raise InputError("--detections and --detector: give one of the two")
    options = EvaluateOptions(args.detections or detector, train, args.train_images)
    out = args.out or args.run / "evaluate"
    with tqdm(desc="evaluate", unit="img", disable=not sys.stderr.isatty()) as bar:
        evaluate_checkpoint(student(args), labels, images, out, not args.no_flip, options, _reporter(bar))
    for name in ("summary.md", "comparison.md"):
        print((out / name).read_text("utf-8"))
    print(f"evaluate: all figures in {out / 'metrics.json'}")


def export(args: argparse.Namespace) -> None:
    """Write a checkpoint as ONNX, and as int8 or packed where asked."""
    from spinepose.export import export_onnx

    checkpoint = student(args)
    if args.card is not None and not args.package:
        raise InputError("--card goes with --package")
    out = args.out or checkpoint.with_suffix(".onnx")
    difference = export_onnx(checkpoint, out, bgr=args.bgr)
    print(f"export: {out} (keypoints {difference:.3f} px off PyTorch's at most)")
    if args.int8:
        _export_int8(args.run, out)
    if args.package:
        _package(args, checkpoint)


def _export_int8(run: Path, exported: Path) -> None:
    from spinepose.coco import load_coco
    from spinepose.data import list_people
    from spinepose.evaluate import evaluate_checkpoint
    from spinepose.quantise import accuracy_lost, quantise_onnx

    data, _ = require_stage(run, "dataset")
    people = list_people(load_coco(data / TRAIN_LABELS), data / "images")
    small = exported.with_suffix(".int8.onnx")
    quantise_onnx(exported, small, people)
    folder = exported.with_suffix(".int8")
    before, after = (
        evaluate_checkpoint(path, data / VAL_LABELS, data / "images", folder / name)
        for name, path in (("float", exported), ("int8", small))
    )
    lost = accuracy_lost(before, after)
    write_json(folder / "accuracy_lost.json", lost, indent=2)
    print(f"export: {small}")
    for name, values in lost.items():
        print(f"  {name}: {values['float']:.4g} in float, {values['int8']:.4g} in int8")


def _package(args: argparse.Namespace, checkpoint: Path) -> None:
    from pipelines.package import package

    with tqdm(desc="evaluate", unit="img", disable=not sys.stderr.isatty()) as bar:
        path = package(checkpoint, args.run, args.card, progress=_reporter(bar))
    print(f"export: packed as {path}, {path.stat().st_size / 1e6:.1f} MB; the card is beside it")


def infer(args: argparse.Namespace) -> int:
    """Run a model; every problem is a line, and what was done before it is kept."""
    from spinepose.infer import InferOptions, run_inference
    from spinepose.outputs import Wanted
    from spinepose.smooth import OneEuro

    if args.detect_every < 1:
        raise InputError("--detect-every counts frames: 1 or more")
    if args.max_frames is not None and args.max_frames < 1:
        raise InputError("--max-frames counts frames: 1 or more")
    options = InferOptions(
        boxes=args.boxes,
        detect_every=args.detect_every,
        min_score=args.min_score,
        smoothing=None if args.no_smooth else OneEuro(),
        flip_test=not args.no_flip,
        max_frames=args.max_frames,
        errors=args.errors,
        wanted=Wanted(overlay=not args.no_overlay, openpose=args.openpose),
    )
    model = None if args.checkpoint is None and args.run is None else student(args)
    with tqdm(desc="infer", unit="frame", disable=not sys.stderr.isatty()) as bar:
        found = run_inference(model, args.inputs, args.out, options, _detector(args), _reporter(bar))
    print(
        f"infer: {found['frames']} frames, {found['people']} people, {found['frames_with_nobody']} frames with nobody; "
        f"results in {args.out}"
    )
    for problem in found["problems"]:
        print(f"spineforge: {problem}", file=sys.stderr)
    return 2 if found["problems"] else 0


def _reporter(bar: tqdm) -> Any:
    def report(done: int, total: int, words: str) -> None:
        bar.total = total
        bar.set_postfix_str(words, refresh=False)
        bar.update(done - bar.n)

    return report
