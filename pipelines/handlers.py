"""What each command does. Imported only when a command runs, so that ``--help`` stays instant."""

from __future__ import annotations

import argparse
from typing import Any

from pipelines.config import RunConfig
from pipelines.handlers_estimator import evaluate as evaluate
from pipelines.handlers_estimator import export as export
from pipelines.handlers_estimator import infer as infer
from pipelines.run import Stage
from pipelines.settings import describe_config, load_config
from spinepose.errors import InputError


def _config(args: argparse.Namespace, preset: str | None = None) -> RunConfig:
    config = load_config(args.config, args.sets, args.seed, args.preset or preset)
    changes: dict[str, Any] = {}
    if getattr(args, "motion", None):
        changes["motion_files"] = tuple(path.resolve() for path in args.motion)
    places = []
    for name in ("backdrop", "panorama"):
        folder = getattr(args, f"{name}s", None)
        if folder is not None:
            changes[f"{name}s"] = folder.resolve()
            places.append(name)
    if places:
        # Who gives pictures wants to see them: half of the scenes show them.
        own = [place for place in config.scenes.places if place not in places]
        repeats = -(-max(len(own), 1) // len(places))
        changes["places"] = (*own, *(places * repeats))
    return config.model_copy(update={"scenes": config.scenes.model_copy(update=changes)})


def _say(stage: Stage) -> None:
    manifest = stage.manifest
    counts = ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in manifest.counts.items())
    failed = (
        f"; {len(manifest.failures)} failed, see {stage.folder / 'manifest.json'}"
        if manifest.failures
        else ""
    )
    print(f"{manifest.stage}: complete in {stage.folder} ({counts}){failed}")


def scenes(args: argparse.Namespace) -> None:
    from pipelines import scenes as stage

    _say(stage.run(args.run, _config(args), args.start_over))


def render(args: argparse.Namespace) -> None:
    from pipelines import render as stage

    config = _config(args)
    changes = {"people": args.people and args.people.resolve(), "character_map": args.character_map}
    changes = {key: value for key, value in changes.items() if value is not None}
    config = config.model_copy(update={"render": config.render.model_copy(update=changes)})
    _say(stage.run(args.run, config, args.start_over, args.world, args.engine))


def fit_opensim(args: argparse.Namespace) -> None:
    if args.trc is not None:
        _fit_outside(args)
        return
    given = [f"--{name}" for name in _OUTSIDE if getattr(args, name) is not None]
    if given:
        raise InputError(f"{', '.join(given)} go with --trc FILE, a recording from outside")
    from pipelines import fit_opensim as stage

    _say(stage.run(args.run, _config(args), args.start_over))


_OUTSIDE = ("static", "markers", "out", "up", "sex", "stature", "mass", "landmarks")


def _fit_outside(args: argparse.Namespace) -> None:
    if args.out is None:
        raise InputError("--trc needs --out DIR, the folder for the results")
    from pipelines.outside_fit import OutsideOptions, run

    report = run(
        OutsideOptions(
            args.trc,
            args.out,
            args.static,
            args.markers,
            args.up,
            args.sex,
            args.stature,
            args.mass,
            tuple(name for name in args.landmarks or () if name != "spinetrack"),
        )
    )
    markers = report["markers"]
    print(
        f"fit-opensim: {report['verdict']}, marker RMS {1000 * report['marker_rms_m']:.1f} mm, "
        f"largest {1000 * report['marker_max_m']:.1f} mm; markers: {len(markers['mapped'])} used, "
        f"{len(markers['ignored'])} ignored"
    )
    for kind, words in (
        *((f"missing {name}", cost) for name, cost in markers["missing"].items()),
        *((f"{r['kind']} ({r['file']})", r["words"]) for r in report["repairs"]),
        *(("assumed", words) for words in report["warnings"]),
        *(("look at", words) for words in report["reasons"]),
    ):
        print(f"  {kind}: {words}")
    print(f"report: {args.out / 'report.html'}")


def dataset(args: argparse.Namespace) -> int:
    if args.action is not None:
        from pipelines import handlers_dataset

        return getattr(handlers_dataset, args.action)(args) or 0
    from pipelines import dataset as stage

    _say(stage.run(args.run, _config(args), args.start_over))
    return 0


def train(args: argparse.Namespace) -> None:
    from pipelines import train as stage

    config = _config(args)
    if args.labels is not None and (args.images is None or args.out is None):
        raise InputError("--labels needs --images (where the pictures are) and --out (where results go)")
    if args.hide_body and not args.ablate:
        raise InputError("--hide-body goes with --ablate")
    if args.ablate:
        _ablate(args, config)
    elif args.labels is not None:
        stage.run_own(args.labels, args.images, args.out, config, args.val_labels, args.teacher, args.init)
        print(f"train: student.pt, student.onnx, curves.png and metrics.json in {args.out}")
    else:
        _say(stage.run(args.run, config, args.start_over, args.teacher, args.init))


def _ablate(args: argparse.Namespace, config: RunConfig) -> None:
    from pipelines import train as stage

    out, teacher = args.out or args.run / "ablation", args.teacher
    if args.labels is not None:
        labels = stage.own_labels(args.labels, args.images, out, args.val_labels)
    else:
        labels = stage.run_labels(args.run)
        teacher = teacher or stage.run_teacher(args.run)
    if args.hide_body:
        if teacher is None:
            raise InputError(
                "--hide-body needs a teacher who knows the body: --teacher FILE, or a trained run"
            )
        labels = (stage.hide_body(labels[0], out), *labels[1:])
    for line in stage.ablate(labels, out, config, args.seeds, teacher, args.init):
        print(line)


def demo(args: argparse.Namespace) -> None:
    from pipelines import demo as chain

    chain.run(args.run, _config(args, preset="demo"), args.start_over)


def report(args: argparse.Namespace) -> None:
    from pipelines.report import write_report

    print(f"report: {write_report(args.run, _config(args))}")


def world(args: argparse.Namespace) -> None:
    if args.probe is not None:
        _probe(args)
        return
    if args.record is not None or args.replay is not None:
        _recording(args)
        return
    from synth.world.server import run_world

    looks = {"quality": args.quality, "backdrops": args.backdrops, "panoramas": args.panoramas}
    defaults = {"quality": "fine", "backdrops": None, "panoramas": None}
    changed = {key: value for key, value in looks.items() if value != defaults[key]}
    run_world(port=args.port, clips_dir=args.clips, out_dir=args.out, **changed)


def _probe(args: argparse.Namespace) -> None:
    from synth.unrealcv.driver import Driver, parse_address
    from synth.unrealcv.probe import probe

    with Driver(*parse_address(args.probe), timeout_s=30.0) as driver:
        print("\n".join(probe(driver, ask_mask=not args.no_mask).lines()))


def _recording(args: argparse.Namespace) -> None:
    from synth.unrealcv.driver import parse_address
    from synth.world.replay import record_world, replay_world

    if args.record is None:
        replay_world(args.replay, args.port)
    elif args.replay is not None or args.of is None:
        raise InputError("--record FILE needs --of HOST:PORT, the world to record, and no --replay")
    else:
        record_world(parse_address(args.of), args.record, args.port)


def model(args: argparse.Namespace) -> None:
    from pipelines import model as models

    if args.action == "describe":
        print(models.describe(args.file, args.json))
        return
    options = models.ModelOptions(
        args.stature, args.mass, args.sex, args.lordosis, args.kyphosis, args.sacral_slope, args.markers
    )
    models.build(args.out, options, args.picture)
    print(f"model: {args.out}" + (f", {args.picture}" if args.picture else ""))


def config(args: argparse.Namespace) -> None:
    print(describe_config(load_config(args.config, args.sets, args.seed, args.preset)))


def setup(args: argparse.Namespace) -> None:
    from synth.body.bake import ensure_baked
    from synth.world.prepare import prepare_worlds

    ensure_baked(force=args.force, say=print)
    prepare_worlds(say=print)


def export_character(args: argparse.Namespace) -> None:
    from pipelines.export_character import export_drawn, export_from_run

    if args.run is None:
        if args.subject is not None:
            raise InputError("--subject goes with --run DIR, the run that the person is in")
        print(export_drawn(args.seed, args.out, args.clips))
        return
    print(export_from_run(args.run, args.out, args.subject, args.clips))


def export_unreal(args: argparse.Namespace) -> None:
    from pipelines.export_unreal import export_unreal as export

    counts = export(args.run, args.out)
    print(f"{args.out}: {counts['characters']} people, {counts['places']} places")
