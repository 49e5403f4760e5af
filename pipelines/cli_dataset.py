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
    _add_mix(actions)


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


def _add_mix(actions: argparse._SubParsersAction) -> None:
    words = "mix sets into one: COCO, Halpe, SpineTrack's files and our own, mapped by name into the 37"
    parser = actions.add_parser("mix", help=words, description=words)
    parser.add_argument(
        "sources",
        type=Path,
        nargs="+",
        metavar="SOURCE",
        help="a dataset folder (annotations/ and images/), or a YAML with sources; the first keeps a shared picture",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the mix")
    parser.add_argument(
        "--val-fraction",
        type=float,
        default=0.1,
        metavar="F",
        help="share of what has no split yet that is held out, by person and clip (default 0.1)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all that is drawn (default 0)"
    )
    parser.add_argument("--copy", action="store_true", help="copy pictures instead of linking them")
    parser.add_argument(
        "--allow-non-commercial",
        action="store_true",
        help="take sources that forbid commercial use; the mix and its models then forbid it, too",
    )
