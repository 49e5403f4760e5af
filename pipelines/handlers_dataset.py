"""What each action of ``dataset`` does. Imported only when one runs."""

from __future__ import annotations

import argparse


def validate(args: argparse.Namespace) -> int:
    from spinepose.coco import load_coco

    dataset = load_coco(args.labels, allow_subset=True)
    print(f"{args.labels}: {len(dataset.images)} images, {len(dataset.annotations)} annotations, no error")
    return 0
