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
    _add_export(actions)
    _add_report(actions)


def _add_validate(actions: argparse._SubParsersAction) -> None:
    words = "check a label file: every fault with its annotation's id; exit 1 if there is an error"
    parser = actions.add_parser("validate", help=words, description=words)
    parser.add_argument(
        "labels",
        type=Path,
        metavar="FILE",
        help="COCO keypoint file, or the folder of a dataset: then all its files and their pictures",
    )
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


def _add_export(actions: argparse._SubParsersAction) -> None:
    words = "write a dataset in the layout of other people's libraries"
    parser = actions.add_parser("export", help=words, description=words)
    parser.add_argument(
        "--format",
        choices=("coco", "webdataset", "yolo", "parquet"),
        required=True,
        help="coco: labels, pictures; webdataset: tar shards; yolo: YOLO-pose text; parquet: 3D, a row a person",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    _add_folder(parser)


def _add_report(actions: argparse._SubParsersAction) -> None:
    words = "write report.html: what a dataset holds, in figures and pictures, on one offline page"
    parser = actions.add_parser("report", help=words, description=words)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the page (default: dataset_report.html beside the dataset)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the people drawn at random")
    _add_folder(parser)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset",
        type=Path,
        metavar="DIR",
        help="folder with annotations/ and images/ (default: the run's)",
    )
    parser.add_argument(
        "--run", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="run folder (default runs/default)"
    )
