"""The commands beside the stage ``dataset``: what is done to label files that exist already."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_actions(stage: argparse.ArgumentParser) -> None:
    """Add ``dataset ACTION``; without an action ``dataset`` is the stage.

    Every action ``NAME`` is a function ``NAME`` of ``pipelines.handlers_dataset``.
    """
    actions = stage.add_subparsers(
        dest="action", metavar="ACTION", title="actions on label files (without one the stage runs)"
    )
    _add_validate(actions)


def _add_validate(actions: argparse._SubParsersAction) -> None:
    words = "check a label file: every fault with its annotation's id; exit 1 if there is an error"
    parser = actions.add_parser("validate", help=words, description=words)
    parser.add_argument("labels", type=Path, metavar="FILE", help="COCO keypoint file")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="DIR",
        help="folder that file names are relative to; looks at each image",
    )
    parser.add_argument(
        "--limit", type=int, default=20, metavar="N", help="show so many faults of a kind (default 20)"
    )
