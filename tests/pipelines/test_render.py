"""The stage render with worlds of boxes: several worlds, kill -9, Ctrl-C, lost worlds, failed frames, the record."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines import render
from pipelines.render_worlds import Unit, units, world_count
from pipelines.run import open_stage
from pipelines.scenes import SCENES_FILE, STATIC_CLIP
from pipelines.tables import read_table
from spinepose.errors import InputError, StageError
from spinepose.rng import rng_for
from synth.body.population import sample_subject
from synth.motion.clip import save_clip
from synth.scene import CameraSpec, PersonSpec, SceneSpec, SensorSpec, ShotSpec
from synth.unrealcv import capture
from synth.world.clips import rest_clip
from synth.world.server import open_port, serve, start_listening
from tests.pipelines.stub_render import config
from tests.synth.faults import FaultProxy, Plan, fault_named
from tests.synth.stub_world import SlowRenderer, stub_world

ROOT = Path(__file__).parents[2]
SUBJECTS = [sample_subject(rng_for(0, i), f"b{i}") for i in range(4)]
TABLES = ("frames", "persons", "markers", "authored", "subjects")


def make_scene(i, block=0):
    """Scene number ``i``; its people are two of four, its cameras all differ."""
    cameras = [
        CameraSpec((-4.0, 0.1 * i, 1.5), (0.0, 0.0, 0.8), 60.0 - 3 * k, 0.05, 64, 48) for k in range(3)
    ]
    people = tuple(
        PersonSpec(f"person_{k}", SUBJECTS[(i + k) % 4], "walk", 0.1 * k, 0.5 - k, 0.2 * i, 1.0 * k)
        for k in range(2)
    )
    shots = tuple(
        ShotSpec(f"s{i:02d}-{k}", k, camera, SensorSpec(noise=0.02 * k)) for k, camera in enumerate(cameras)
    )
    return SceneSpec(f"s{i:02d}", "train", "stub", 0, {}, people, (), (0.0, 0.1, 0.2), shots, block)


def walk():
    base = rest_clip()
    arrays = ("pelvis_rotation", "spine_rad", "limb_rotations", "clearance")
    long = {name: np.repeat(getattr(base, name), 11, axis=0) for name in arrays}
    return replace(
        base, name="walk", fps=10.0, pelvis_position=np.array([[0.1 * t, 0, 1.0] for t in range(11)]), **long
    )


def make_run(run_dir, scenes):
    """A run folder whose stage scenes is complete."""
    stage = open_stage(run_dir, "scenes", {}, {}, 0)
    (stage.folder / "clips").mkdir()
    for name in ("walk", STATIC_CLIP):
        save_clip(walk(), stage.folder / "clips" / f"{name}.npz")
    (stage.folder / SCENES_FILE).write_text("".join(scene.to_json() + "\n" for scene in scenes))
    stage.finish({}, len(scenes))
    return run_dir


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(capture, "_RETRY_PAUSE_S", 0.0)


@contextmanager
def world_at(run_dir, renderer=None):
    """A world of boxes on a thread; gives its address."""
    listener = open_port("127.0.0.1", 0)
    start_listening(listener)
    world = stub_world(run_dir / "scenes" / "clips", run_dir / "out", renderer)

    def run():
        with suppress(OSError):
            serve(listener, world.answer)

    threading.Thread(target=run, daemon=True).start()
    try:
        yield "{}:{}".format(*listener.getsockname())
    finally:
        with suppress(OSError):
            listener.shutdown(2)
        listener.close()


def proxied(address):
    host, _, port = address.rpartition(":")
    return FaultProxy((host, int(port)))


def render_with(run_dir, worlds=1, **options):
    with ExitStack() as stack:
        addresses = [stack.enter_context(world_at(run_dir)) for _ in range(worlds)]
        return render.run(run_dir, config(), world=addresses, **options)


# --- who renders what


def test_blocks_stay_together_and_a_body_is_measured_where_it_appears_first():
    scenes = [make_scene(0, 7), make_scene(1, 7), make_scene(2, 9), make_scene(3, 9)]
    first, second = units(scenes, 2)
    assert [scene.scene_id for scene in first.scenes] == ["s00", "s01"]
    assert [part for part, _ in first.statics] == ["static-b0", "static-b1", "static-b2"]
    assert second.parts == ["static-b3", "s02", "s03"]


def test_fewer_blocks_than_worlds_are_split_into_scenes():
    assert [len(unit.scenes) for unit in units([make_scene(i) for i in range(3)], 2)] == [1, 1, 1]


def test_worlds_are_never_more_than_blocks_and_at_least_one():
    assert world_count(config(3).render, 2) == 2
    assert world_count(config(3).render, 9) == 3
    assert 1 <= world_count(config(0).render, 99) <= (os.cpu_count() or 1)


def test_a_world_named_twice_is_refused(tmp_path):
    run_dir = make_run(tmp_path / "run", [make_scene(0)])
    with pytest.raises(InputError, match="twice"):
        render.run(run_dir, config(), world="127.0.0.1:9000,:9000")


# --- the same bytes


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Six scenes in three blocks, rendered by one world."""
    run_dir = make_run(tmp_path_factory.mktemp("whole") / "run", [make_scene(i, i // 2) for i in range(6)])
    return render_with(run_dir)


def test_the_stage_is_whole(whole):
    assert whole.manifest.status == "complete"
    assert whole.manifest.counts == {
        "subjects": 4, "frames": 18, "people_on_frames": 36, "marker_frames": 76
    }  # fmt: skip
    assert whole.manifest.failures == []
    assert whole.manifest.notes["world"]["world"] == "embedded"
    assert len(read_table(whole.folder / "incidents.parquet")) == 0
    for row in read_table(whole.folder / "frames.parquet").itertuples():
        for end in (".jpg", ".depth.png", ".ids.png"):
            assert (whole.folder / f"{row.path}{end}").stat().st_size > 100


@pytest.mark.parametrize("worlds", [2, 3])
def test_the_number_of_worlds_changes_no_byte(whole, tmp_path, worlds):
    run_dir = make_run(tmp_path / "run", [make_scene(i, i // 2) for i in range(6)])
    assert render_with(run_dir, worlds).manifest.content_hash == whole.manifest.content_hash


def test_faults_change_no_byte_and_stand_in_the_record(whole, tmp_path):
    run_dir = make_run(tmp_path / "run", [make_scene(i, i // 2) for i in range(6)])
    with world_at(run_dir) as address, proxied(address) as proxy:
        proxy.plans = [
            Plan(fault_named(name), kind)
            for name, kind in (
                ("drop", "vbp SpineForge PlayClip"),
                ("error text", "vbp SpineForge SetPlace"),
                ("stale picture", "vget /camera/[index]/lit bmp"),
                ("nan depth", "vget /camera/[index]/depth npy"),
                ("cut picture", "vget /camera/[index]/object_mask bmp"),
                ("reply of another frame", "vbp SpineForge GetMarkers"),
            )
        ]
        stage = render.run(run_dir, config(), world="{}:{}".format(*proxy.address))
    assert len(proxy.log) == 6
    assert stage.manifest.content_hash == whole.manifest.content_hash
    assert stage.manifest.failures == []
    incidents = read_table(stage.folder / "incidents.parquet")
    assert len(incidents) == 6
    assert incidents.recovered.all()
    assert set(incidents.part) <= set(read_table(stage.folder / "frames.parquet").scene_id) | {"static-b0"}
    assert "frame" in " ".join(incidents.what)
    assert stage.manifest.notes["incidents"]["attempts"] == 6


# --- worlds and frames that are lost


def black(frame_kind="lit"):
    class Black(SlowRenderer):
        """Draws nothing at the camera of the second frame of scene 1."""

        def render(self, camera, instance_ids):
            images = super().render(camera, instance_ids)
            if abs(camera.K[0, 0] - make_scene(1).shots[1].camera.camera().K[0, 0]) < 1e-3:
                images.color[:] = 0
            return images

    return Black()


def test_a_frame_that_fails_for_good_is_a_record_without_an_address(tmp_path):
    hashes = []
    for name in ("a", "b"):
        run_dir = make_run(tmp_path / name, [make_scene(1)])
        relaxed = config().model_copy(
            update={"render": config().render.model_copy(update={"max_failed_fraction": 0.5, "retries": 1})}
        )
        with world_at(run_dir, black()) as address:
            stage = render.run(run_dir, relaxed, world=address)
        (failure,) = stage.manifest.failures
        assert failure.item == "s01-1"
        assert "black" in failure.error
        assert address not in failure.error
        assert sorted(read_table(stage.folder / "frames.parquet").frame_id) == ["s01-0", "s01-2"]
        incidents = read_table(stage.folder / "incidents.parquet")
        assert incidents.item.tolist() == ["s01-1", "s01-1"]
        assert not incidents.recovered.any()
        hashes.append(stage.manifest.content_hash)
    assert hashes[0] == hashes[1]


def test_another_world_takes_over_and_without_one_the_rest_waits(whole, tmp_path):
    run_dir = make_run(tmp_path / "run", [make_scene(i, i // 2) for i in range(6)])
    with world_at(run_dir) as address, proxied(address) as proxy:
        # The whole proxy goes away in the middle: nobody answers there any more.
        proxy.kill = lambda: proxy.__exit__()
        proxy.plans = [Plan(fault_named("kill"), "vget /camera/[index]/lit bmp", 2)]
        gone = "{}:{}".format(*proxy.address)
        with pytest.raises(StageError, match=r"no world is left.*same command again"):
            render.run(run_dir, config(), world=gone)
    assert 0 < len(list((run_dir / "render" / "parts").glob("*"))) < 10
    assert not list((run_dir / "render" / "parts").glob(".tmp-*"))
    assert render_with(run_dir, 2).manifest.content_hash == whole.manifest.content_hash


def test_one_of_two_worlds_dies_and_nothing_is_lost(whole, tmp_path):
    run_dir = make_run(tmp_path / "run", [make_scene(i, i // 2) for i in range(6)])
    with world_at(run_dir) as dying, world_at(run_dir) as other, proxied(dying) as proxy:
        proxy.kill = lambda: proxy.__exit__()
        proxy.plans = [Plan(fault_named("kill"), "vbp SpineForge SetPlace")]
        stage = render.run(run_dir, config(), world=["{}:{}".format(*proxy.address), other])
    assert stage.manifest.content_hash == whole.manifest.content_hash
    assert stage.manifest.failures == []
    # The world that was gone recovered nothing; what it had in hand went to the other one.
    incidents = read_table(stage.folder / "incidents.parquet")
    assert len(incidents) == 6
    assert not incidents.recovered.any()


# --- the process itself


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


def heed_interrupts() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_breaking_off_ends_all_worlds_and_a_second_run_ends_the_work(whole, tmp_path, sign):
    run_dir = make_run(tmp_path / "run", [make_scene(i, i // 2) for i in range(6)])
    command = [sys.executable, "-m", "tests.pipelines.stub_render", str(run_dir), "2"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    parts = run_dir / "render" / "parts"
    wait_for(lambda: list(parts.glob("s0*")) or process.poll() is not None)
    # Worlds are children of threads of the process.
    worlds = [
        int(word)
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        for word in (task / "children").read_text().split()
    ]
    assert len(worlds) == 2
    process.send_signal(sign)
    _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    wait_for(lambda: not any(map(alive, worlds)), 10)
    if sign == signal.SIGINT:
        assert "KeyboardInterrupt" in said
        assert not list(parts.glob(".tmp-*"))
    assert json.loads((run_dir / "render" / "manifest.json").read_text())["status"] == "running"
    stage = render_with(run_dir)
    assert stage.manifest.content_hash == whole.manifest.content_hash
    assert stage.manifest.failures == []


def test_the_way_of_working_may_change_in_the_middle_but_not_the_looks(whole):
    run_dir = whole.folder.parent
    assert render.run(run_dir, config(5)).manifest.content_hash == whole.manifest.content_hash
    fast = config().model_copy(update={"render": config().render.model_copy(update={"quality": "fast"})})
    with pytest.raises(InputError, match="quality"):
        render.run(run_dir, fast)


def test_units_hold_their_parts():
    scene = make_scene(0)
    assert Unit((("static-b0", SUBJECTS[0]),), (scene,)).parts == ["static-b0", "s00"]
