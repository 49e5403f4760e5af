"""What each action of ``dataset`` does. Imported only when one runs."""

from __future__ import annotations

import argparse
from collections import Counter


def validate(args: argparse.Namespace) -> int:
    from pipelines.extras_check import ExtrasCheck, extras_beside
    from spinepose.validate import Fault, validate_coco

    table = extras_beside(args.labels)
    check = ExtrasCheck(table) if table.is_file() else None
    report = validate_coco(args.labels, args.images, check)
    if check is not None and (left := check.left()):
        report.add(Fault("extras", "file", f"{table.name} has {left} rows more than there are annotations"))
    shown: Counter[str] = Counter()
    for fault in report.faults:
        shown[fault.code] += 1
        if shown[fault.code] <= args.limit:
            print(f"{'error' if fault.error else 'warning'}: {fault}")
    for (_, code), count in sorted(report.counts.items()):
        if count > args.limit:
            print(f"{code}: {count} in all, the first {args.limit} are shown")
    print(
        f"{args.labels}: {report.images} images, {report.annotations} annotations, "
        f"{report.errors} errors, {report.warnings} warnings"
    )
    if check is not None:
        print(
            f"stored 3D points through the stored cameras: at most {check.largest_px:.4f} pixels off the labels"
        )
    return 1 if report.errors else 0
