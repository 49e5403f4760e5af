"""Every fault at every command of the driver: no frame lost, no wrong frame, and a record of each."""

import threading
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from spinepose.errors import StageError
from spinepose.rng import rng_for
from synth.body.population import sample_subject
from synth.scene import CameraSpec, ObjectSpec, PersonSpec, SceneSpec, ShotSpec
from synth.unrealcv import capture
from synth.unrealcv.capture import Studio, unpack
from synth.unrealcv.driver import Driver, WorldLostError
from synth.unrealcv.plausible import ImplausibleError, check_person, check_pictures
from synth.world.server import serve, start_listening
from synth.world.world import World
from tests.synth.bodies import BodyRenderer
from tests.synth.conftest import StubBody, stub_place
from tests.synth.faults import FAULTS, FaultProxy, Plan, as_command, command_kind, fault_named

CAMERA = CameraSpec((-4.0, 0.0, 1.5), (0.0, 0.0, 0.8), 60.0, 0.05, 64, 48)
PEOPLE = (
    PersonSpec("ann", sample_subject(rng_for(0, "a"), "ann"), "walk", 0.0, 0.0, 0.6, 1.0),
    PersonSpec("bob", sample_subject(rng_for(0, "b"), "bob"), "walk", 0.5, 0.3, -0.7, -2.0),
)
SHOTS = tuple(
    ShotSpec(f"f{i}", index, replace(CAMERA, fov_deg=60.0 - 5 * i)) for i, index in enumerate((2, 0, 1))
)
SCENE = SceneSpec(
    "s0", "train", "stub", 0, {"sun_elevation_deg": 30.0}, PEOPLE, (ObjectSpec("crate", 0.5, 0.0, 0.3),),
    (0.0, 0.1, 0.2), SHOTS,
)  # fmt: skip


class StubOwn:
    """A world of our own that can be killed and started anew, behind a proxy that does not move."""

    def __init__(self, clips_dir, out_dir):
        self._folders = clips_dir, out_dir
        self.proxy = FaultProxy(("", 0), kill=self.kill)
        self.starts = 0
        self._listener = None

    def start(self):
        import socket

        clips_dir, out_dir = self._folders
        world = World(
            BodyRenderer(), {"stub": stub_place}, clips_dir, out_dir, build=lambda spec: StubBody(), port=1
        )
        listener = self._listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        start_listening(listener)

        def run():
            with suppress(OSError):
                serve(listener, world.answer)

        threading.Thread(target=run, daemon=True).start()
        self.starts += 1
        self.proxy.upstream = listener.getsockname()
        return self.proxy.address

    def kill(self):
        import socket

        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def restart(self):
        self.kill()
        return self.start()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(capture, "_RETRY_PAUSE_S", 0.0)


@pytest.fixture
def own(clips_dir, tmp_path):
    made = StubOwn(clips_dir, tmp_path / "out")
    with made.proxy:
        made.start()
        yield made
        made.kill()


def studio_for(own, **settings):
    settings = {"connect_timeout_s": 0.2, "timeout_s": 0.15, "retries": 60, "max_restarts": 60} | settings
    return Studio(Driver(*own.proxy.address, own=own, **settings))


def shoot_all(studio):
    """What a scene's rendering comes to, as arrays by name."""
    studio.driver.check_version()
    body, static = studio.static_trial(replace(PEOPLE[0], name="alone"), (0.0, 0.1))
    found = {"body": np.array(list(body.values())), "static": static.markers_world_m}
    for name, trial in studio.trials(SCENE).items():
        found |= {f"{name} {key}": value for key, value in vars(trial).items()}
    for frame in SCENE.frames():
        taken = studio.frame(frame, unpack)
        found |= {
            f"{frame.frame_id} {key}": getattr(taken, key)
            for key in ("color", "depth_m", "instance_id", "part_id")
        }
        for person in taken.persons:
            found[f"{frame.frame_id} {person.spec.name}"] = person.markers_world_m
            found[f"{frame.frame_id} {person.spec.name} truth"] = person.authored_landmarks_world_m
    studio.driver.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The frames as they should be, and one command of each kind that the driver sends."""
    from tests.synth import conftest

    folder = tmp_path_factory.mktemp("undisturbed")
    clips = conftest.clips_dir.__wrapped__(folder) if hasattr(conftest.clips_dir, "__wrapped__") else None
    own = StubOwn(clips, folder / "out")
    with own.proxy:
        own.start()
        found = shoot_all(studio_for(own, timeout_s=20.0))
        own.kill()
    return found, list(own.proxy.counts)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_command_survives(own, undisturbed, fault):
    """One fault at each kind of command, one after the other: everything comes back as if nothing had been."""
    expected, kinds = undisturbed
    assert len(kinds) >= 24
    # In the order in which the driver comes to them: a plan waits until the one before it is done.
    can = [kind for kind in kinds if fault.befalls(as_command(kind))]
    own.proxy.plans = [Plan(fault, kind) for kind in can]
    own.proxy.late_s = 0.5
    studio = studio_for(own)
    found = shoot_all(studio)
    happened = [command_kind(command) for _, command in own.proxy.log]
    assert sorted(happened) == sorted(can), f"'{fault.name}' did not reach every command, or was not noticed"
    assert found.keys() == expected.keys()
    for name, value in found.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=f"{name} after {fault.name}")
    # Connecting and asking for the version are tried again by themselves; all else is a record.
    assert len(studio.incidents) >= (1 if fault.name == "ignored" else len(happened) - 2)
    assert all(incident.recovered and incident.seconds_lost >= 0 for incident in studio.incidents)
    if fault.name in ("kill", "hang"):
        assert own.starts >= 1 + len(happened)


def test_faults_befall_most_commands(undisturbed):
    """The matrix is not empty by mistake."""
    _, kinds = undisturbed
    assert sum(fault.befalls(as_command(kind)) for fault in FAULTS for kind in kinds) > 200


def test_a_world_that_always_dies_is_lost_and_recorded(own):
    own.proxy.plans = [Plan(fault_named("kill"), "vbp SpineForge SetPlace") for _ in range(9)]
    studio = studio_for(own, retries=9, max_restarts=2)
    with pytest.raises(WorldLostError, match="2 times in a row"):
        studio.trials(SCENE)
    assert own.starts == 3
    assert [incident.recovered for incident in studio.incidents] == [False] * len(studio.incidents)
    assert studio.incidents


def test_a_foreign_world_that_is_gone_is_lost_after_bounded_tries(own):
    driver = Driver(*own.proxy.address, connect_timeout_s=0.3, timeout_s=0.3, retries=1)
    studio = Studio(driver)
    studio.trials(SCENE)
    driver.close()
    own.kill()
    with pytest.raises(WorldLostError, match="gone"):
        studio.frame(SCENE.frames()[0], unpack)
    assert len(studio.incidents) == 2


def test_a_driver_that_is_told_to_stop_stops(own):
    studio = studio_for(own, timeout_s=20.0)
    own.proxy.plans = [Plan(fault_named("silence"), "vget /objects")]
    threading.Timer(0.3, studio.driver.abort).start()
    with pytest.raises(StageError):
        studio.trials(SCENE)
    assert own.starts == 1


def test_moments_that_look_the_same_are_believed_the_second_time(own):
    """Nobody moves and the camera stays: the same picture twice is no fault."""
    standing = replace(SCENE, times_s=(0.0, 0.01), shots=(ShotSpec("a", 0, CAMERA), ShotSpec("b", 1, CAMERA)))
    studio = studio_for(own, retries=1)
    first, second = (studio.frame(frame, unpack) for frame in standing.frames())
    np.testing.assert_array_equal(first.color, second.color)
    assert [incident.item for incident in studio.incidents] == ["b"]
    assert studio.incidents[0].recovered


# --- plausibility


def wall(z_m=3.0, size=(48, 64)):
    """Somebody flat before the camera, seen in the middle of the picture."""
    depth, ids = np.full(size, np.inf, np.float32), np.zeros(size, np.uint16)
    depth[14:34, 22:42], ids[14:34, 22:42] = z_m, 1
    return depth, ids


def on_the_wall(camera, z_m=3.0):
    from synth.camera import unproject

    pixels = np.stack(np.meshgrid(np.arange(24, 40, 3.0), np.arange(16, 32, 3.0)), -1).reshape(-1, 2)
    return unproject(camera, pixels, np.full(len(pixels), z_m))


def test_markers_on_the_skin_are_plausible_and_others_are_not():
    camera = CAMERA.camera()
    depth, ids = wall()
    markers = on_the_wall(camera)
    check_person(camera, markers, depth, ids, 1)
    check_person(camera, on_the_wall(camera, 3.2), depth, ids, 1)  # on the back: hidden by the front
    check_person(camera, markers, np.minimum(depth, 1.0), ids * 0, 1)  # behind a thing
    with pytest.raises(ImplausibleError, match="before the first surface"):
        check_person(camera, on_the_wall(camera, 2.8), depth, ids, 1)
    with pytest.raises(ImplausibleError, match="before the first surface"):
        check_person(camera, markers, np.roll(depth, 12, axis=1), np.roll(ids, 12, axis=1), 1)
    with pytest.raises(ImplausibleError, match="mask shows person 1 at 0"):
        check_person(camera, markers, depth, ids * 0, 1)
    with pytest.raises(ImplausibleError, match="mask shows person 2"):
        check_person(camera, markers, depth, ids, 2)


def test_pictures_that_contradict_each_other():
    depth, ids = wall()
    color, parts = np.full((*ids.shape, 3), 90, np.uint8), ids.astype(np.uint8)
    check_pictures(color, depth, ids, parts, 1)
    check_pictures(color, depth, ids, parts * 0, 1)  # a world without body parts
    with pytest.raises(ImplausibleError):
        check_pictures(color, depth, ids, parts * 0, 1, has_parts=True)
    for bad in (
        (color * 0, depth, ids, parts),
        (color, depth * np.inf, ids, parts),
        (color, np.roll(depth, 10, axis=0), ids, parts),
        (color, depth, ids, np.roll(parts, 10, axis=0)),
    ):
        with pytest.raises(ImplausibleError):
            check_pictures(*bad, 1)
