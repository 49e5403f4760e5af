import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import StageError
from spinepose.rng import rng_for
from spinepose.skeleton import SPINE_CHAIN, indices
from synth.body.population import sample_subject
from synth.camera import project
from synth.scene import CameraSpec, FrameSpec, ObjectSpec, PersonSpec, SceneSpec, SensorSpec, ShotSpec
from synth.sensor import BLUR_PICTURES
from synth.unrealcv.capture import OTHER_INSTANCE, Studio, instance_ids, person_color, unpack
from synth.unrealcv.driver import Driver
from synth.unrealcv.settle import Patience
from synth.world.protocol import pack_frame, read_frame, split_request
from synth.world.scene_state import MAX_THINGS, mask_color
from tests.synth.bodies import BodyRenderer

CAMERA = CameraSpec((-4.0, 0.0, 1.5), (0.0, 0.0, 0.8), 60.0, 0.05, 96, 64)
PEOPLE = (
    PersonSpec("ann", sample_subject(rng_for(0, "a"), "ann"), "walk", 0.0, 0.0, 0.6, 1.0),
    PersonSpec("bob", sample_subject(rng_for(0, "b"), "bob"), "walk", 0.5, 0.3, -0.7, -2.0),
)
FRAME = FrameSpec(
    "f0",
    "s0",
    "train",
    "stub",
    0,
    {"sun_elevation_deg": 30.0},
    CAMERA,
    PEOPLE,
    (ObjectSpec("crate", 0.5, 0.0, 0.3),),
)


@pytest.fixture
def renderer():
    return BodyRenderer()


@pytest.fixture
def driver(address):
    with Driver(*address, connect_timeout_s=5, timeout_s=5) as found:
        yield found


def capture_frame(driver, frame):
    """A frame from nothing."""
    return Studio(driver).frame(frame, unpack)


def test_a_frame_comes_back_in_our_world(driver, world):
    captured = capture_frame(driver, FRAME)
    assert captured.color.shape == (64, 96, 3)
    assert world.scene.light.sun_elevation_deg == 30.0
    for person, spec in zip(captured.persons, PEOPLE, strict=True):
        # The root of the stub body moves 0.1 m a tenth of a second along the person's own x axis.
        along = 0.1 * 10 * spec.time_s * np.array([np.cos(spec.yaw_rad), np.sin(spec.yaw_rad), 0.0])
        foot = np.array([spec.x_m, spec.y_m, 0.0]) + along
        x, y = np.round(project(captured.camera, foot)).astype(int)
        assert captured.instance_id[y, x] == person.instance_id
        distance = np.linalg.norm(captured.camera.position_world_m - foot)
        assert 0.8 * distance < captured.depth_m[y, x] <= distance
        np.testing.assert_allclose(person.markers_world_m[0], foot, atol=1e-7)
        np.testing.assert_allclose(person.authored_landmarks_world_m[0], foot, atol=1e-7)
        assert np.isnan(person.keypoints_world_m[indices(SPINE_CHAIN)]).all()
    x, y = np.round(project(captured.camera, np.array([0.5, 0.0, 0.0]))).astype(int)
    assert captured.instance_id[y, x] == OTHER_INSTANCE
    assert captured.instance_id[0, 0] == 0
    assert np.isinf(captured.depth_m[0, 0])


def same(one, other):
    for name in ("color", "depth_m", "instance_id", "part_id"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for person, twin in zip(one.persons, other.persons, strict=True):
        np.testing.assert_array_equal(person.markers_world_m, twin.markers_world_m)
        np.testing.assert_array_equal(person.authored_landmarks_world_m, twin.authored_landmarks_world_m)


def test_a_frame_does_not_depend_on_what_was_captured_before(driver, world):
    first = capture_frame(driver, FRAME)
    other = replace(FRAME, persons=PEOPLE[:1], objects=(), camera=replace(CAMERA, fov_deg=40.0, width=80))
    assert len(capture_frame(driver, other).persons) == 1
    assert [thing for thing in world.scene.things if thing != "crate"] == ["ann"]
    same(first, capture_frame(driver, FRAME))


SHOTS = ((2, CAMERA), (0, replace(CAMERA, fov_deg=50.0)), (1, replace(CAMERA, fov_deg=45.0)))


def scene():
    return SceneSpec(
        "s0", "train", "stub", 0, {"sun_elevation_deg": 30.0}, PEOPLE, FRAME.objects, (0.0, 0.1, 0.2),
        tuple(ShotSpec(f"f{i}", index, camera) for i, (index, camera) in enumerate(SHOTS)),
    )  # fmt: skip


def test_what_stands_is_not_built_again_and_nothing_differs(driver, world):
    """Only camera and time differ between the frames of a scene; each equals the one made from nothing."""
    asked = []
    answer = world.answer
    studio = Studio(driver)
    frames = scene().frames()
    studio.trials(scene())
    world.answer = world.handle = lambda command: asked.append(command) or answer(command)
    quick = [studio.frame(frame, unpack) for frame in frames]
    assert not [command for command in asked if "SetPlace" in command or "Spawn" in command]
    for frame, taken in zip(frames, quick, strict=True):
        same(taken, capture_frame(driver, frame))
    studio.frame(replace(frames[0], light={"sun_elevation_deg": 50.0}), unpack)
    assert world.scene.light.sun_elevation_deg == 50.0
    assert len(studio.frame(replace(frames[0], persons=PEOPLE[:1]), unpack).persons) == 1


def test_trials_record_markers_without_drawing(driver, world, renderer):
    trials = Studio(driver).trials(scene())
    assert list(trials) == ["ann", "bob"]
    assert trials["bob"].markers_world_m.shape == (3, len(MARKER_NAMES), 3)
    np.testing.assert_allclose(trials["bob"].times_s, [0.5, 0.6, 0.7])
    step = np.diff(trials["ann"].markers_world_m[:, 0], axis=0)
    np.testing.assert_allclose(np.linalg.norm(step, axis=1), 0.1, atol=1e-7)
    assert "render" not in renderer.calls
    # The picture's markers are those of the trial at its time: a label and its fit speak of the same body.
    frame = capture_frame(driver, scene().frames()[0])
    np.testing.assert_array_equal(frame.persons[0].markers_world_m, trials["ann"].markers_world_m[2])


def test_a_static_trial_says_what_the_body_is_and_leaves_nobody(driver, world):
    driver.set_place("stub", 0)
    body, sequence = Studio(driver).static_trial(PEOPLE[0], (0.0, 0.1))
    assert body == {"stature_cm": 180.0, "mass_kg": 75.0}
    assert sequence.markers_world_m.shape == (2, len(MARKER_NAMES), 3)
    assert list(world.scene.things) == ["crate"]


def test_an_open_shutter_averages_moments_and_truth_is_the_middle(driver, world, renderer):
    sharp = capture_frame(driver, FRAME)
    renderer.calls.clear()
    open_shutter = replace(FRAME, sensor=SensorSpec(shutter_s=0.4))
    blurred = capture_frame(driver, open_shutter)
    assert renderer.calls.count("render") == BLUR_PICTURES
    np.testing.assert_array_equal(blurred.depth_m, sharp.depth_m)
    np.testing.assert_array_equal(blurred.instance_id, sharp.instance_id)
    np.testing.assert_array_equal(blurred.persons[1].markers_world_m, sharp.persons[1].markers_world_m)
    assert np.count_nonzero((blurred.color != sharp.color).any(axis=2)) > 20


def test_a_real_engine_is_given_time_between_setting_and_looking(driver, world):
    """It shows what was set a frame later: pictures are asked for once the poses were read back."""
    flights = []
    run = driver.run
    driver.run = lambda wanted: flights.append([ask.command for ask in wanted]) or run(wanted)
    driver.eager = False
    taken = capture_frame(driver, FRAME)
    for flight in flights:
        assert not (
            any("/lit" in c for c in flight) and any(c.startswith("vset") or "Play" in c for c in flight)
        )
    driver.eager = True
    same(taken, capture_frame(driver, FRAME))


def spoiled(world, spoil):
    """The stub world; ``spoil(count of all requests, command)`` may drop the connection or make a reply."""
    count = [0]

    def run(listener):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

    def serve_one(connection):
        with connection:
            connection.sendall(pack_frame(b"connected to a test"))
            while (payload := read_frame(connection)) is not None:
                request_id, command = split_request(payload)
                count[0] += 1
                reply = spoil(count[0], command)
                if reply is ConnectionError:
                    return
                reply = world.answer(command) if reply is None else reply
                connection.sendall(
                    pack_frame(request_id + b":" + (reply if isinstance(reply, bytes) else reply.encode()))
                )

    return run


@pytest.mark.parametrize("at", [3, 12, 24, 30])
def test_a_connection_lost_on_the_way_costs_nothing_but_time(listen_with, world, driver, at):
    expected = capture_frame(driver, FRAME)
    driver.close()
    spoil = spoiled(world, lambda count, command: ConnectionError if count == at else None)
    with listen_with(spoil) as address, Driver(*address, 2, 2, 1) as other:
        captured = capture_frame(other, FRAME)
        assert other.connections == 2
    np.testing.assert_array_equal(captured.color, expected.color)
    np.testing.assert_array_equal(captured.persons[1].markers_world_m, expected.persons[1].markers_world_m)


def test_a_wrong_answer_is_asked_for_once_more(listen_with, world):
    wrong = []

    def spoil(count, command):
        if "lit" in command and not wrong:
            wrong.append(command)
            return b"not a picture"
        return None

    with listen_with(spoiled(world, spoil)) as address, Driver(*address, 2, 2, 1) as driver:
        assert capture_frame(driver, FRAME).color.shape == (64, 96, 3)
        assert driver.connections == 2


def test_a_world_that_is_always_wrong_fails_the_frame(listen_with, world):
    def always(count, command):
        return b"error Not Implemented" if "part_mask" in command else None

    with listen_with(spoiled(world, always)) as address, Driver(*address, 2, 2, 1) as driver:
        with pytest.raises(StageError) as error:
            capture_frame(driver, FRAME)
        assert "part_mask" in str(error.value)
        assert driver.connections == 2


def test_a_world_without_authored_truth_gives_nan(listen_with, world):
    def stock(count, command):
        return b"error No handler found for URI 'x'" if "GetAuthored" in command else None

    with listen_with(spoiled(world, stock)) as address, Driver(*address, 2, 2, 1) as driver:
        person = capture_frame(driver, FRAME).persons[0]
        assert np.isnan(person.authored_landmarks_world_m).all()
        assert np.isfinite(person.markers_world_m).all()


def test_instance_ids_from_colours():
    mask = np.array([[0, 0xFF4007], [0xFF7007, 0x090909]], np.uint32)
    assert instance_ids(mask, [person_color(0), person_color(1)]).tolist() == [[0, 1], [2, OTHER_INSTANCE]]


def test_the_colours_of_people_are_nobody_elses():
    people = {person_color(index) for index in range(5)}
    assert len(people) == 5
    assert people.isdisjoint(mask_color(index) for index in range(1, 2 * MAX_THINGS + 2))


def test_a_grey_mask_of_an_engine_is_given_up_and_the_frame_is_not_lost(listen_with, world):
    def grey(count, command):
        if "object_mask" in command:
            return cv2.imencode(".bmp", np.full((64, 96, 4), 128, np.uint8))[1].tobytes()
        return None

    with listen_with(spoiled(world, grey)) as address, Driver(*address, 2, 2, 1) as driver:
        driver.eager = False
        studio = Studio(driver, patience=Patience(0, 9))
        captured = studio.frame(FRAME, unpack)
    assert studio.ids == ()
    assert not captured.has_part_ids
    assert not captured.instance_id.any()
    assert [incident.command for incident in studio.incidents] == ["part_mask"]
