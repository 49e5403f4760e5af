"""The command ``model``: build the musculoskeletal model, describe one."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_model(commands: argparse._SubParsersAction) -> None:
    """Add ``model build`` and ``model describe``."""
    words = "write the musculoskeletal model as an .osim file, or say what is in one"
    model = commands.add_parser("model", help=words, description=words)
    actions = model.add_subparsers(dest="action", metavar="ACTION", required=True)
    words = "write the model of an average person"
    build = actions.add_parser("build", help=words, description=words)
    build.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .osim file to write")
    build.add_argument("--stature", type=float, default=1.70, metavar="M", help="metres (default 1.70)")
    build.add_argument("--mass", type=float, default=70.0, metavar="KG", help="kilograms (default 70)")
    build.add_argument("--sex", choices=("female", "male"), default="female", help="(default female)")
    for name, default, meaning in (
        ("lordosis", 57.0, "S1 endplate to the lower endplate of T12"),
        ("kyphosis", 43.0, "lower endplate of T12 to the upper one of T1"),
        ("sacral-slope", 40.0, "S1 endplate from the horizontal"),
    ):
        build.add_argument(
            f"--{name}",
            type=float,
            default=default,
            metavar="DEG",
            help=f"neutral, {meaning} (default {default:g})",
        )
    build.add_argument(
        "--markers",
        default="spineforge",
        metavar="SET",
        help="spineforge (54 markers), none, or the names of plug_in_gait, opensim_gait, isb, cast",
    )
    build.add_argument(
        "--picture", type=Path, metavar="PNG", help="draw it too, as OpenSim's viewer shows it"
    )
    words = "bodies, joints, coordinates, couplers, markers, landmark sets, sources"
    describe = actions.add_parser("describe", help=words, description=words)
    describe.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="an .osim of this project (default: the average model)",
    )
    describe.add_argument("--json", action="store_true", help="as JSON")
