"""The command line: one parser, handlers that import what they need only when they run."""

from __future__ import annotations

import argparse
import errno
import importlib
import logging
import sys
from pathlib import Path

from pipelines.cli_dataset import add_actions
from pipelines.cli_estimator import add_estimator_commands
from pipelines.cli_model import add_model
from pipelines.cli_train import add_train_options
from spinepose.errors import InputError, SpineforgeError

STAGES = {
    "scenes": "sample what to shoot: who, which motion, where, which camera and light",
    "render": "draw the scenes in a world and collect images, depth, masks and truth",
    "fit-opensim": "fit the musculoskeletal model to the markers and read the vertebrae off it",
    "dataset": "project everything into COCO labels with visibility",
    "train": "train the body teacher and distil the spine-aware student",
}

PRESETS = ("demo", "quick", "balanced", "sport", "clinic")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="spineforge",
        description="Data and models for the human spine in ordinary images.",
        epilog="Stages, in order: " + " -> ".join(STAGES) + ". 'spineforge COMMAND --help' tells more.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("--traceback", action="store_true", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, words in STAGES.items():
        stage = commands.add_parser(name, help=words, description=words)
        _add_run_options(stage)
        if name == "render":
            _add_engine(stage)
        if name == "fit-opensim":
            _add_outside(stage)
        if name == "scenes":
            _add_motion(stage)
            _add_photos(stage)
        if name == "dataset":
            add_actions(stage)
        if name == "train":
            add_train_options(stage)
    demo = commands.add_parser("demo", help="run the whole chain on a small set and write report.html")
    _add_run_options(demo, default_run="runs/demo")
    _add_motion(demo)
    _add_photos(demo)
    report = commands.add_parser("report", help="write report.html of the stages that a run has")
    report.add_argument("--run", type=Path, default=Path("runs/default"), metavar="DIR", help="run folder")
    _add_config_options(report)
    add_estimator_commands(commands)
    _add_world(commands)
    add_model(commands)
    _add_export_character(commands)
    config = commands.add_parser("config", help="show the resolved config")
    config.add_argument("action", choices=["show"], help="show: print every key with its meaning and value")
    _add_config_options(config)
    setup = commands.add_parser("setup", help="prepare the body model once (some seconds and 40 MB of cache)")
    setup.add_argument("--force", action="store_true", help="make it again")
    return parser


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file with overrides of the defaults"
    )
    parser.add_argument(
        "--preset", choices=PRESETS, help="a preset to start from; --config and --set change it"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="override one key"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the run (0 is a seed like any other)")


def _add_run_options(parser: argparse.ArgumentParser, default_run: str = "runs/default") -> None:
    parser.add_argument(
        "--run",
        type=Path,
        default=Path(default_run),
        metavar="DIR",
        help=f"run folder (default {default_run})",
    )
    _add_config_options(parser)
    parser.add_argument(
        "--start-over", action="store_true", help="throw away what the stage made before in this run"
    )


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--world", metavar="HOST:PORT", help="a running world; without it the embedded one is started"
    )
    group = parser.add_argument_group(
        "an engine", "docs/unreal.md; 'spineforge world --probe' says which way is open"
    )
    group.add_argument(
        "--people",
        type=Path,
        metavar="FILE",
        help="people of a level, for an engine without the capture functions",
    )
    group.add_argument(
        "--character-map",
        metavar="MAP",
        help="let markers ride on bones: ue5_manny, metahuman, spineforge or a file",
    )
    group.add_argument(
        "--engine", metavar="COMMAND", help="with --world: starts the engine there, and again when it dies"
    )


def _add_motion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--motion",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="recorded motions (.bvh) to use instead of the procedural ones",
    )


def _add_outside(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a recording from outside", "with --trc no run is needed: markers in, model, motion and vertebrae out"
    )
    group.add_argument("--trc", type=Path, metavar="FILE", help="recorded markers, .trc or .c3d")
    group.add_argument("--static", type=Path, metavar="FILE", help="the same person standing, .trc or .c3d")
    group.add_argument(
        "--markers",
        type=Path,
        metavar="MAP.yaml",
        help="what your marker names mean, where no table knows them",
    )
    group.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    group.add_argument("--up", choices=("y", "z"), help="which axis is up (default: told by the person)")
    group.add_argument("--sex", choices=("female", "male"), help="of the person, if known")
    group.add_argument("--stature", type=float, metavar="M", help="standing height in metres, if known")
    group.add_argument("--mass", type=float, metavar="KG", help="body mass in kilograms, if known")
    group.add_argument(
        "--landmarks",
        nargs="+",
        metavar="SET",
        help="further landmark sets to write: body_centre, spinous_process, keypoints37",
    )


def _add_world(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "world", help="serve the embedded world to any UnrealCV client (loopback only)"
    )
    parser.add_argument("--port", type=int, default=9000, help="TCP port (default 9000; 0 picks a free one)")
    parser.add_argument("--clips", type=Path, help="folder with motion clips (.npz) that clients may play")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/world"), help="the only folder that clients may write files to"
    )
    parser.add_argument(
        "--quality",
        choices=("fast", "fine"),
        default="fine",
        help="fast: fewer samples a pixel; fine: smooth edges",
    )
    _add_photos(parser)
    group = parser.add_argument_group("recordings", "requests and replies of any world, an engine included")
    group.add_argument("--replay", type=Path, metavar="FILE", help="serve a recording instead of a world")
    group.add_argument("--record", type=Path, metavar="FILE", help="stand before a world and record it")
    group.add_argument("--of", metavar="HOST:PORT", help="with --record: the world that is recorded")
    asked = parser.add_argument_group(
        "engines", "what a build of UnrealCV can do, and what it costs where it cannot"
    )
    asked.add_argument(
        "--probe", metavar="HOST:PORT", help="ask that world for all that a capture uses, and leave"
    )
    asked.add_argument("--no-mask", action="store_true", help="do not ask for masks, which end some engines")


def _add_export_character(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "export-character", help="write a person with textures, motion and markers as glTF (.glb)"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE.glb", help="the binary glTF file to write"
    )
    parser.add_argument("--run", type=Path, metavar="DIR", help="take a person of this run")
    parser.add_argument("--subject", metavar="ID", help="which one of the run (default: the first)")
    parser.add_argument(
        "--clip",
        action="append",
        default=[],
        metavar="NAME",
        dest="clips",
        help="a motion, may be repeated (default: those that the person does in the run)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="without --run: draws the person")
    unreal = commands.add_parser(
        "export-unreal", help="write a run's people and places for the Unreal project to import"
    )
    unreal.add_argument("--run", type=Path, default=Path("runs/default"), metavar="DIR", help="run folder")
    unreal.add_argument("--out", type=Path, default=Path("unreal_project/Import"), metavar="DIR")


def _add_photos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backdrops", type=Path, metavar="DIR", help="your own photographs, for the place 'backdrop'"
    )
    parser.add_argument(
        "--panoramas",
        type=Path,
        metavar="DIR",
        help="your own equirectangular panoramas, for the place 'panorama' and its light",
    )


def main(argv: list[str] | None = None) -> int:
    """Parse, run, and turn errors into one line and an exit code.

    Returns:
        0 on success, 1 for a run that failed, 2 for a mistake of the user's, 130 after Ctrl-C.
    """
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.version:
        from spinepose import __version__

        print(f"spineforge {__version__}")
        return 0
    if args.command is None:
        parser.print_help()
        return 2
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        _check_package_is_ours()
        handler = importlib.import_module("pipelines.handlers")
        return getattr(handler, args.command.replace("-", "_"))(args) or 0
    except SpineforgeError as error:
        if args.traceback:
            raise
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("stopped; the same command goes on where this one left off", 130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or args.traceback:
            raise
        where = f" while writing {error.filename}" if error.filename else ""
        return _complain(
            f"the disk is full{where}; free some space and give the same command again, it resumes", 2
        )


def _complain(message: str, code: int) -> int:
    print(f"spineforge: {message}", file=sys.stderr)
    return code


def _check_package_is_ours() -> None:
    # Another distribution on the registry bears the same import name and overwrites the folder when installed.
    import spinepose

    if getattr(spinepose, "DISTRIBUTION", None) != "spineforge":
        raise InputError(
            f"the package 'spinepose' at {spinepose.__path__[0]} is another distribution's; "
            "run 'pip uninstall spinepose' and 'pip install --force-reinstall --no-deps spineforge'"
        )


if __name__ == "__main__":
    sys.exit(main())
