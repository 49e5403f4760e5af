"""What each action of ``dataset`` does. Imported only when one runs."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path


def validate(args: argparse.Namespace) -> int:
    from pipelines.card import label_files
    from spinepose.coco_stream import images_folder
    from spinepose.errors import InputError

    if not args.labels.is_dir():
        return _validate(args.labels, args.images, args.limit)
    if args.images is not None:
        raise InputError(
            "--images goes with a single file; the pictures of a dataset's folder are looked at anyway"
        )
    return max(_validate(path, images_folder(path), args.limit) for path in label_files(args.labels))


def _validate(labels: Path, images: Path | None, limit: int) -> int:
    from pipelines.extras_check import ExtrasCheck, extras_beside
    from spinepose.validate import Fault, validate_coco

    table = extras_beside(labels)
    check = ExtrasCheck(table) if table.is_file() else None
    report = validate_coco(labels, images, check)
    if check is not None and (left := check.left()):
        report.add(Fault("extras", "file", f"{table.name} has {left} rows more than there are annotations"))
    shown: Counter[str] = Counter()
    for fault in report.faults:
        shown[fault.code] += 1
        if shown[fault.code] <= limit:
            print(f"{'error' if fault.error else 'warning'}: {fault}")
    for (_, code), count in sorted(report.counts.items()):
        if count > limit:
            print(f"{code}: {count} in all, the first {limit} are shown")
    print(
        f"{labels}: {report.images} images, {report.annotations} annotations, "
        f"{report.errors} errors, {report.warnings} warnings"
    )
    if check is not None:
        print(
            f"stored 3D points through the stored cameras: at most {check.largest_px:.4f} pixels off the labels"
        )
    return 1 if report.errors else 0


def mix(args: argparse.Namespace) -> int:
    from spinepose.errors import InputError
    from spinepose.mix import MixOptions
    from spinepose.mix import mix as mix_sources
    from spinepose.mix_sources import folder_sources, load_sources

    if not 0 <= args.val_fraction < 1:
        raise InputError(f"--val-fraction is {args.val_fraction:g}; give 0 to less than 1")
    configs = [
        config
        for path in args.sources
        for config in (
            load_sources(path).sources if path.suffix in (".yaml", ".yml") else folder_sources(path)
        )
    ]
    options = MixOptions(args.val_fraction, args.seed, args.copy, args.allow_non_commercial)
    summary = mix_sources(configs, args.out, options)
    for source in summary["sources"]:
        left_out = ", ".join(f"{n} {why}" for why, n in source["left_out"].items() if n)
        print(
            f"{source['name']}: {source['train']} + {source['val']} pictures, {source['licence']}, "
            f"{source['keypoints_used']} of 37 keypoints{'; left out: ' + left_out if left_out else ''}"
        )
    counts = summary["counts"]
    print(
        f"mix: {args.out} ({counts['train_annotations']} people in {counts['train_images']} pictures to learn from, "
        f"{counts['val_annotations']} in {counts['val_images']} held out; licence {summary['licence']})"
    )
    return 0


def _folder(args: argparse.Namespace) -> Path:
    from pipelines.run import require_stage

    return args.dataset if args.dataset is not None else require_stage(args.run, "dataset")[0]


def export(args: argparse.Namespace) -> int:
    from pipelines.export_dataset import export_dataset

    export_dataset(_folder(args), args.out, args.format)
    print(f"export: {args.out} ({args.format})")
    return 0


def report(args: argparse.Namespace) -> int:
    from pipelines.dataset_report import write_dataset_report

    folder = _folder(args)
    out = args.out or folder.parent / "dataset_report.html"
    write_dataset_report(folder, out, args.seed)
    print(f"report: {out}")
    return 0
