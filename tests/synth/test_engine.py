"""The way in to engines: the probe, pictures that settle, the people file, starting one anew."""

import sys
from dataclasses import replace
from io import BytesIO
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml

from pipelines.cli import main
from pipelines.config import RenderConfig
from pipelines.render_studio import open_studio
from spinepose.errors import InputError, StageError
from synth.camera import look_at
from synth.scene import CameraSpec, PersonSpec, SceneSpec, ShotSpec
from synth.unrealcv import asks
from synth.unrealcv.capture import MASK, PARTS, Studio
from synth.unrealcv.driver import Driver
from synth.unrealcv.engine_process import EngineProcess, listening
from synth.unrealcv.people import OBSERVED, load_people, observed
from synth.unrealcv.plausible import ImplausibleError, check_person
from synth.unrealcv.probe import COSTS, probe
from synth.unrealcv.settle import Patience, settled_pictures
from synth.unrealcv.stock import StockStudio
from tests.synth.test_driver import answering

CAMERA = look_at(np.array([-3.0, 0.0, 1.4]), np.array([0.0, 0.0, 0.9]), 16, 12, 60.0)


def stock(world, lacks=(), deadly=()):
    """The stub world without some commands, as a server; asking for ``deadly`` ones ends the connection."""

    def answer(command, connection, count):
        if any(word in command for word in deadly):
            return ConnectionError
        if any(word in command for word in lacks):
            return b"error No handler found for URI 'x'"
        reply = world.answer(command)
        return reply if isinstance(reply, bytes) else reply.encode()

    return answering(answer)


# --- the probe


def test_the_embedded_world_has_everything(listen_with, world):
    world.answer('vbp SpineForge SpawnCharacter someone {"name":"someone"}')
    with listen_with(stock(world)) as address, Driver(*address, 2, 2, 0) as driver:
        found = probe(driver)
    assert found.has == dict.fromkeys(COSTS, True)
    assert not found.missing
    assert found.transport == "TCP"
    assert found.path == "capture functions: the run's own people, motions and places; visibility from ids"
    assert not world.scene.paused


@pytest.mark.parametrize(
    ("lacks", "missing", "path"),
    [
        (("part_mask",), {"parts"}, "visibility from depth alone"),
        (("part_mask", "object_mask"), {"parts", "mask"}, "visibility from depth alone"),
        (("SpineForge",), {"functions"}, "stock: what the running game shows"),
        (("SpineForge", "/bones"), {"functions", "bones"}, "none: neither"),
        (("/pause",), {"pause"}, "capture functions"),
        (("depth",), {"depth"}, "none: no labelled picture"),
        (("GetAuthored",), {"authored"}, "capture functions"),
    ],
)
def test_each_lack_is_found_and_priced(listen_with, world, lacks, missing, path):
    world.answer('vbp SpineForge SpawnCharacter someone {"name":"someone"}')
    with listen_with(stock(world, lacks)) as address, Driver(*address, 2, 2, 0) as driver:
        found = probe(driver)
    assert set(found.missing) == missing
    assert path in found.path
    text = "\n".join(found.lines())
    for name in missing:
        assert "MISSING" in text
        assert COSTS[name] in text


def test_a_mask_that_ends_the_game_is_found_last_and_can_be_left_alone(listen_with, world):
    world.answer('vbp SpineForge SpawnCharacter someone {"name":"someone"}')
    with listen_with(stock(world, ("SpineForge",), ("object_mask",))) as address:
        with Driver(*address, 2, 2, 0) as driver:
            found = probe(driver)
            assert set(found.missing) == {"functions", "mask"}
            assert "ended the connection" in found.said["mask"]
        with Driver(*address, 2, 2, 0) as driver:
            spared = probe(driver, ask_mask=False)
            assert driver.connections == 1
    assert "mask" not in spared.has
    assert any("not asked" in line for line in spared.lines())


def test_the_command_line_prints_it(listen_with, world, capsys):
    with listen_with(stock(world, ("part_mask",))) as (host, port):
        assert main(["world", "--probe", f"{host}:{port}"]) == 0
    out = capsys.readouterr().out
    assert "parts      MISSING" in out
    assert COSTS["bones"] in out  # nobody is there


def test_which_way_is_taken(listen_with, world):
    settings = RenderConfig()
    with listen_with(stock(world)) as address, Driver(*address, 2, 2, 0) as driver:
        studio, note = open_studio(driver, settings, None)
        assert studio.ids == (MASK, PARTS)
        assert driver.eager
        assert "capabilities" not in note  # ours is known
    other = {"GetVersion": '{"capture_api":1,"world":"unreal"}'}
    unreal = SimpleNamespace(
        answer=lambda c: next((v for k, v in other.items() if k in c), None) or world.answer(c)
    )
    for lacks, mask, ids in (
        ((), "auto", (MASK, PARTS)),
        (("part_mask",), "auto", (MASK,)),
        (("object_mask",), "auto", ()),
        ((), "never", ()),
    ):
        with listen_with(stock(unreal, lacks)) as address, Driver(*address, 2, 2, 0) as driver:
            studio, note = open_studio(driver, settings.model_copy(update={"mask": mask}), None)
            assert type(studio) is Studio
            assert studio.ids == ids
            assert not driver.eager
            assert note["world"] == "unreal"
            assert note["capabilities"]["path"]
    with (
        listen_with(stock(unreal, ("object_mask",))) as address,
        Driver(*address, 2, 2, 0) as driver,
        pytest.raises(InputError, match=r"render\.mask=use"),
    ):
        open_studio(driver, settings.model_copy(update={"mask": "use"}), None)
    with (
        listen_with(stock(world, ("SpineForge",))) as address,
        Driver(*address, 2, 2, 0) as driver,
        pytest.raises(InputError, match="--people"),
    ):
        open_studio(driver, settings, None)


# --- pictures that settle


def picture(brightness):
    return cv2.imencode(".bmp", np.full((12, 16, 4), brightness, np.uint8))[1].tobytes()


def depth(value_m):
    out = BytesIO()
    np.save(out, np.full((12, 16), 100 * value_m, np.float32))
    return out.getvalue()


class Slow:
    """An engine that shows a given row of moments, one a picture."""

    def __init__(self, lit, depths, moved=False):
        self.lit, self.depths, self.moved, self.asked = iter(lit), iter(depths), moved, []

    def run(self, wanted):
        return [ask.read(self._reply(ask.command)) for ask in wanted]

    def _reply(self, command):
        self.asked.append(command)
        kind = command.rpartition("/")[2]
        if kind.startswith("lit"):
            return picture(next(self.lit))
        if kind.startswith("depth"):
            return depth(next(self.depths))
        pose = asks.set_camera(1, CAMERA)
        values = {ask.command.split("/")[-1].split()[0]: ask.command.split(maxsplit=2)[2] for ask in pose[:4]}
        answer = {"size": "16 12"}.get(kind, values[kind])
        return ("1.0 2.0 3.0" if self.moved and kind == "location" else answer).encode()


def test_the_stale_first_picture_and_a_creeping_exposure_are_thrown_away():
    slow = Slow([10, 90, 60, 80, 99, 100, 100, 100], [9.0, 2.0, 2.0])
    lit, after = settled_pictures(slow, 1, CAMERA, ["lit bmp", "depth npy"], Patience(1, 9))
    assert lit == picture(100)
    assert after == depth(2.0)
    assert slow.asked[-4].endswith("/size")  # the camera's pose is read back once more


def test_an_engine_that_never_rests_is_a_fault():
    with pytest.raises(ImplausibleError, match="exposure"):
        settled_pictures(Slow([50, 100] * 9, []), 1, CAMERA, ["lit bmp", "depth npy"], Patience(0, 6))
    with pytest.raises(ImplausibleError, match="changes from picture to picture"):
        settled_pictures(Slow([50] * 20, range(1, 20)), 1, CAMERA, ["lit bmp", "depth npy"], Patience(0, 6))


def test_a_camera_that_moved_meanwhile_is_a_fault():
    from synth.unrealcv.decode import BadReplyError

    with pytest.raises(BadReplyError, match="not the one set"):
        settled_pictures(
            Slow([50] * 9, [2.0] * 9, moved=True), 1, CAMERA, ["lit bmp", "depth npy"], Patience()
        )


def test_markers_are_checked_against_depth_alone_where_there_is_no_mask():
    markers = np.array([[0.0, y, 0.9 + z] for y in (-0.2, 0, 0.2) for z in (-0.2, 0, 0.2)])
    at = np.full((12, 16), 3.0)
    check_person(CAMERA, markers, at, None, 1, on_skin=False)
    with pytest.raises(ImplausibleError, match="before the first surface"):
        check_person(CAMERA, markers, at + 0.5, None, 1, on_skin=False)


# --- the people file

ANN = {
    "name": "ann", "object": "Walker", "reference": "Rest", "map": "ue5_manny", "sex": "female", "age_years": 30,
    "stature_m": 1.7, "mass_kg": 60,
}  # fmt: skip
SCENE = SceneSpec(
    "s0", "train", "studio", 3, {"sun_elevation_deg": 9.0},
    (PersonSpec("x", None, "squat", 1.0, 0.5, -0.5, 0.3), PersonSpec("y", None, "squat", 1.0, 1.5, 0.5, 0.1)),
    (), (0.0, 0.1), (ShotSpec("f0", 0, CameraSpec((0, 0, 1), (1, 0, 1), 60.0, 0.0, 64, 48)),),
)  # fmt: skip


def people_file(folder, *rows, **more):
    path = folder / "people.yaml"
    path.write_text(yaml.safe_dump({"schema": 1, "people": list(rows), **more}))
    return path


def test_scenes_are_cast_with_a_levels_people(tmp_path):
    rows = [
        ANN,
        ANN | {"name": "bo", "object": "B", "over_floor_cm": 88},
        ANN | {"name": "cy", "object": "C", "split": "val"},
    ]
    people = load_people(people_file(tmp_path, *rows, stage_cm=[100, 200, 30]))
    assert people.stage_m == (1.0, -2.0, 0.3)
    (one, two) = observed([SCENE, replace(SCENE, scene_id="s1")], people)
    assert [p.name for p in one.persons] == ["Walker", "B"]
    assert [p.name for p in two.persons] == ["B", "Walker"]  # not always the same one in front
    assert {(p.clip, p.time_s) for p in one.persons} == {(OBSERVED, 0.0)}
    assert (one.place, one.light, one.objects) == (OBSERVED, {}, ())
    assert one.persons[0].x_m == 0.5
    assert one.shots == SCENE.shots
    assert one.persons[1].subject.over_floor_m == 0.88
    assert observed([replace(SCENE, split="val")], people)[0].persons[0].subject.subject_id == "cy"


def test_a_split_without_people_is_refused(tmp_path):
    with pytest.raises(InputError, match="nobody has split val"):
        observed([replace(SCENE, split="val")], load_people(people_file(tmp_path, ANN)))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "names nobody"),
        ([ANN, ANN], "'ann' is there twice"),
        ([ANN | {"age": 3}], "person 1: has 'age'"),
        ([{k: v for k, v in ANN.items() if k != "reference"}], "lacks 'reference'"),
        ([ANN | {"map": "nobody"}], "no marker map 'nobody'"),
        ([ANN | {"stature_m": 170}], "stature_m is 170, expected 1.2 to 2.3"),
        ([ANN | {"object": "a b"}], "object is 'a b'"),
        ([ANN | {"split": "test"}], "split train or val"),
    ],
)
def test_people_files_that_are_wrong(tmp_path, rows, says):
    with pytest.raises(InputError, match=says):
        load_people(people_file(tmp_path, *rows))


# --- a stock engine's moments


class Game:
    """A paused game whose people may not stand still."""

    eager, retries, address = False, 0, "here:1"

    def __init__(self, drift_m):
        self.drift_m, self.reads = drift_m, 0

    def run(self, wanted):
        self.reads += 1
        frame = np.eye(4)
        frame[0, 3] = self.drift_m * min(self.reads, 3)
        return [dict.fromkeys(PLAN.bones, frame) for _ in wanted]


class PLAN:
    bones = ("a",)


def still_studio(drift_m, monkeypatch):
    studio = StockStudio(Game(drift_m), SimpleNamespace(stage_m=(0, 0, 0), actors=()), (), Patience(0, 3))
    tied = SimpleNamespace(points=lambda bones: (bones["a"][:3, 3][None], bones["a"][:3, 3][None]))
    monkeypatch.setattr(studio, "_tie", lambda actor: (tied, None))
    monkeypatch.setattr("synth.unrealcv.stock._actor", lambda person: SimpleNamespace(plan=PLAN))
    return studio


def test_bones_are_read_until_they_stand_still(monkeypatch):
    studio = still_studio(0.01, monkeypatch)
    (pose,) = studio._standing_still([SimpleNamespace(name="x")])
    assert pose[0][0, 0] == pytest.approx(0.03)
    assert studio.driver.reads == 4


def test_people_who_go_on_moving_in_a_paused_game_are_a_fault(monkeypatch):
    studio = still_studio(0.01, monkeypatch)
    studio.driver.reads = -100
    with pytest.raises(StageError, match="do not stand still"):
        studio._standing_still([SimpleNamespace(name="x")])


# --- starting an engine

SERVER = """
import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); time.sleep(60)
"""


def test_an_engine_is_started_and_started_anew(tmp_path, free_port):
    script = tmp_path / "engine.py"
    script.write_text(SERVER)
    log = tmp_path / "logs" / "engine.log"
    engine = EngineProcess(f"{sys.executable} {script} {free_port}", ("127.0.0.1", free_port), log, 30)
    assert not listening(free_port)
    with engine as address:
        assert address == ("127.0.0.1", free_port)
        assert listening(free_port)
        first = engine._process.pid
        assert engine.restart() == address
        assert engine._process.pid != first
    assert not listening(free_port)
    with pytest.raises(StageError, match="was stopped"):
        engine.restart()


def test_an_engine_that_cannot_start_is_one_line(tmp_path, free_port):
    address = ("127.0.0.1", free_port)
    with pytest.raises(InputError, match="cannot be run"):
        EngineProcess("/no/such/engine", address, tmp_path / "log", 5).__enter__()
    with pytest.raises(StageError, match="ended at its start"):
        EngineProcess(f"{sys.executable} -c 1", address, tmp_path / "log", 5).__enter__()
    with pytest.raises(InputError, match="--engine is empty"):
        EngineProcess(" ", address, tmp_path / "log")


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
