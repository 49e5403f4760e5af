import json
import socket
import struct
import tempfile
import threading
import time
from io import BytesIO

import cv2
import numpy as np
import pytest

from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError, StageError
from spinepose.skeleton import SPINE_CHAIN, indices
from synth.camera import look_at, project
from synth.unrealcv import asks
from synth.unrealcv.client import ExchangeError, open_client
from synth.unrealcv.decode import BadReplyError
from synth.unrealcv.driver import Driver, parse_address
from synth.world.protocol import pack_frame, read_frame, split_request

SPEC = '{"name":"someone"}'
CAMERA = look_at(np.array([-3.0, 0.5, 1.4]), np.array([0.3, -0.2, 0.9]), 64, 48, 60.0, 0.1)


def quick(address, **settings):
    return Driver(*address, **{"connect_timeout_s": 0.5, "timeout_s": 0.5, "retries": 1} | settings)


@pytest.fixture
def driver(address):
    with Driver(*address, connect_timeout_s=5, timeout_s=5) as found:
        yield found


def answering(answer, banner=b"connected to a test"):
    """A server whose replies ``answer(command, connection_number, request_number)`` makes; None says nothing."""

    def run(listener):
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            threading.Thread(target=serve_one, args=(connection, number), daemon=True).start()

    def serve_one(connection, number):
        with connection:
            if banner:
                connection.sendall(pack_frame(banner))
            count = 0
            while (payload := read_frame(connection)) is not None:
                request_id, command = split_request(payload)
                reply = answer(command, number, count)
                count += 1
                if reply is ConnectionError:
                    return
                if reply is not None:
                    connection.sendall(pack_frame(request_id + b":" + reply))

    return run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:9000", ("127.0.0.1", 9000)),
        ("render-box", ("render-box", 9000)),
        (":9001", ("127.0.0.1", 9001)),
        ("[::1]:9002", ("::1", 9002)),
    ],
)
def test_addresses(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "a:b", "host:0", "host:70000", "http://host:9000", "host:9000:1"])
def test_addresses_that_are_none(text):
    with pytest.raises(InputError, match="HOST:PORT"):
        parse_address(text)


# --- connecting


def test_a_silent_peer_is_one_line_with_its_name_and_the_deadline(listen_with):
    with listen_with(lambda listener: time.sleep(30)) as address:
        start = time.monotonic()
        with pytest.raises(InputError) as caught:
            quick(address).connect()
        assert time.monotonic() - start < 5
        assert f"{address[0]}:{address[1]}" in str(caught.value)
        assert "0.5 s" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_peer_that_sends_half_a_banner_is_silent_too(listen_with):
    def run(listener):
        connection, _ = listener.accept()
        connection.sendall(pack_frame(b"connected to x")[:-3])
        time.sleep(30)

    with listen_with(run) as address, pytest.raises(InputError, match="did not answer within"):
        quick(address).connect()


def test_a_closed_port_and_a_foreign_service_are_refused_at_once(listen_with):
    def ssh(listener):
        while True:
            connection, _ = listener.accept()
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with listen_with(ssh) as address, pytest.raises(InputError, match="no world at"):
        quick(address).connect()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(InputError, match="spineforge world --port"):
            quick(closed.getsockname()).connect()


def test_many_requests_at_once_come_back_in_order(address):
    client = open_client(*address, 5)
    commands = [f"vget /unrealcv/echo {'x' * 5000} {i}" for i in range(500)]
    replies = client.exchange(commands, [5.0] * 500)
    assert [bytes(reply).split()[-1] for reply in replies] == [b"%d" % i for i in range(500)]
    assert client.exchange([], []) == []
    client.close()
    client.close()


def test_a_server_that_answers_while_it_is_asked_cannot_block(listen_with):
    """Both sockets' buffers are full: whoever only sends, or only reads, waits for ever."""
    big = b"y" * 1_000_000

    with listen_with(answering(lambda *_: big)) as address:
        client = open_client(*address, 5)
        replies = client.exchange(["x" * 1_000_000] * 8, [5.0] * 8)
        assert [len(reply) for reply in replies] == [len(big)] * 8
        client.close()


def test_a_peer_that_dribbles_does_not_beat_the_deadline(listen_with):
    def run(listener):
        connection, _ = listener.accept()
        connection.sendall(pack_frame(b"connected to x"))
        for byte in pack_frame(b"0:" + b"z" * 1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with listen_with(run) as address:
        client = open_client(*address, 5)
        with pytest.raises(ExchangeError, match="no reply in time"):
            client.exchange(["slow"], [0.3])
        client.close()


def test_where_tcp_fails_the_unix_socket_is_the_way_in(world, tmp_path, monkeypatch):
    """After its first client a real engine on Linux listens there only."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with socket.socket() as closed, socket.socket(socket.AF_UNIX) as listener:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        listener.bind(str(tmp_path / f"unrealcv_{port}.socket"))
        listener.listen()
        threading.Thread(target=lambda: answering(lambda *_: b"hello")(listener), daemon=True).start()
        with quick(("127.0.0.1", port)) as driver:
            assert driver.text("anybody") == "hello"


# --- faults on the way


def test_after_a_timeout_no_reply_is_off_by_one(listen_with):
    """The stock client would answer each later request with the reply before it."""

    def late(command, connection, request):
        if command == "slow" and connection == 1:
            time.sleep(0.8)
        return command.encode()

    with listen_with(answering(late)) as address, quick(address) as driver:
        assert driver.text("first") == "first"
        assert driver.text("slow") == "slow"
        assert [driver.text(f"n{i}") for i in range(5)] == [f"n{i}" for i in range(5)]
        assert driver.connections == 2


def test_a_dropped_connection_is_asked_again_on_a_fresh_one(listen_with):
    def drop(command, connection, request):
        return ConnectionError if connection == 1 and request == 1 else command.encode()

    with listen_with(answering(drop)) as address, quick(address, timeout_s=20) as driver:
        start = time.monotonic()
        assert [driver.text(word) for word in ("a", "b", "c")] == ["a", "b", "c"]
        assert driver.connections == 2
        assert time.monotonic() - start < 10  # the stock client would read the dead socket for a minute


def test_a_reply_with_another_id_is_not_believed(listen_with):
    def run(listener):
        connection, _ = listener.accept()
        connection.sendall(pack_frame(b"connected to x"))
        read_frame(connection)
        connection.sendall(pack_frame(b"17:not yours"))
        answering(lambda command, *_: b"yours")(listener)

    with listen_with(run) as address, quick(address) as driver:
        assert driver.text("a") == "yours"


@pytest.mark.parametrize("garbage", [b"\x00" * 64, struct.pack("<II", 0x9E2B83C1, 5) + b"hello"])
def test_garbage_instead_of_a_reply_is_a_fault_and_not_a_hang(listen_with, garbage):
    def run(listener):
        while True:
            connection, _ = listener.accept()
            connection.sendall(pack_frame(b"connected to x"))
            read_frame(connection)
            connection.sendall(garbage)

    with (
        listen_with(run) as address,
        quick(address) as driver,
        pytest.raises(StageError, match="failed 2 times"),
    ):
        driver.text("a")


def test_tries_are_bounded_and_the_error_names_the_command(listen_with):
    asked = []

    def never(command, connection, request):
        asked.append(connection)

    with listen_with(answering(never)) as address, quick(address, retries=2, timeout_s=0.1) as driver:
        with pytest.raises(StageError) as caught:
            driver.text("vget /camera/0/lit png")
        assert asked == [1, 2, 3]
        assert "failed 3 times on 'vget /camera/0/lit png'" in str(caught.value)


def test_a_world_that_died_is_a_failed_run_not_a_mistake_of_the_users(listen_with):
    with listen_with(answering(lambda *_: b"ok")) as address:
        driver = quick(address)
        driver.text("anything")
        driver.close()
    with pytest.raises(StageError):
        driver.text("anything")


# --- what comes back


def test_camera_truth_is_what_the_world_really_used(driver, world, monkeypatch):
    shot = []
    monkeypatch.setattr(world._view._renderer, "render", lambda camera, ids: shot.append(camera) or 1 / 0)
    read = driver.set_camera(CAMERA)
    with pytest.raises(BadReplyError, match="ZeroDivisionError"):
        driver.lit()
    (used,) = shot
    assert (used.width, used.height) == (64, 48)
    np.testing.assert_array_equal(used.R_world_to_cam, read.R_world_to_cam)
    np.testing.assert_array_equal(used.t_world_to_cam_m, read.t_world_to_cam_m)
    points = np.array([[0.5, 0.1, 1.0], [1.0, -0.5, 0.2]])
    assert np.abs(project(read, points) - project(CAMERA, points)).max() < 0.01
    assert abs(read.K[0, 0] - CAMERA.K[0, 0]) < 1e-4


def test_the_capture_camera_is_never_the_pawns(driver):
    driver.set_camera(CAMERA)
    driver.set_camera(CAMERA)
    assert driver.text("vget /cameras") == "Camera_0 Camera_1"
    assert driver.text("vget /camera/0/size") == "640 480"


def lying_world(world, **lies):
    """The stub world, except that some commands are answered otherwise: ``{"substring": reply}``."""

    def answer(command, connection, request):
        for part, reply in lies.items():
            if part in command.replace("/", "_"):
                return reply
        reply = world.answer(command)
        return reply if isinstance(reply, bytes) else reply.encode()

    return answering(answer)


def test_a_stale_camera_pose_is_caught(listen_with, world):
    lie = lying_world(world, **{"vget _camera_1_location": b"0.000 0.000 100.000"})
    with (
        listen_with(lie) as address,
        quick(address) as driver,
        pytest.raises(BadReplyError, match="not the one set: location"),
    ):
        driver.set_camera(CAMERA)


def test_a_stale_rotation_is_caught_and_equal_angles_are_not(listen_with, world):
    lie = lying_world(world, **{"vget _camera_1_rotation": b"0.000 0.500 0.000"})
    camera = look_at(np.array([-3.0, 0, 1.0]), np.array([0, 0, 1.0]), 64, 48, 60.0)
    with (
        listen_with(lie) as address,
        quick(address) as driver,
        pytest.raises(BadReplyError, match="rotation"),
    ):
        driver.set_camera(camera)
    turned = lying_world(world, **{"vget _camera_1_rotation": b"0.000 360.000 -360.000"})
    with listen_with(turned) as address, quick(address) as driver:
        driver.set_camera(camera)


def npy(values):
    buffer = BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def png(width, height):
    return cv2.imencode(".png", np.zeros((height, width, 4), np.uint8))[1].tobytes()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (png(32, 48), "picture of 32x48, asked for 64x48"),
        (b"nothing", "no picture"),
        (png(64, 48)[:-20], "PNG cut at"),
        (cv2.imencode(".bmp", np.zeros((48, 64, 4), np.uint8))[1].tobytes()[:-4000], "BMP cut at"),
        (b"error Invalid sensor id", "Invalid sensor id"),
        (cv2.imencode(".png", np.zeros((48, 64), np.uint8))[1].tobytes(), "8-bit colour"),
    ],
)
def test_pictures_that_are_not_what_was_asked_for(listen_with, world, reply, says):
    with listen_with(lying_world(world, camera_1_lit=reply)) as address, quick(address) as driver:
        driver.set_camera(CAMERA)
        with pytest.raises(BadReplyError, match=says):
            driver.lit()


@pytest.mark.parametrize(
    "reply", [npy(np.ones((48, 64), np.float32))[:-9], b"\x93NUMPY\x01\x00", b"ok", png(64, 48)]
)
def test_depth_that_is_no_array(listen_with, world, reply):
    with listen_with(lying_world(world, camera_1_depth=reply)) as address, quick(address) as driver:
        driver.set_camera(CAMERA)
        with pytest.raises(BadReplyError, match="npy"):
            driver.depth()


def test_pictures_of_the_world_arrive(driver, world):
    driver.set_place("stub", 0)
    camera = driver.set_camera(look_at(np.array([-2.0, 2.0, 0.5]), np.array([1.0, 2.0, 0.0]), 65, 49, 60.0))
    x, y = np.round(project(camera, np.array([1.0, 2.0, 0.0]))).astype(int)
    assert driver.lit()[y, x].tolist() == [1, 7, 13]
    assert driver.depth()[y, x] == pytest.approx(np.hypot(3.0, 0.5), abs=1e-3)
    assert np.isinf(driver.depth()[0, 0])
    assert tuple(driver.mask()[y, x]) == world.scene.things["crate"].color
    assert driver.part_mask()[y, x] == 1


def test_asking_for_a_picture_without_a_camera_is_refused(driver):
    with pytest.raises(StageError, match="set_camera"):
        driver.lit()
    with pytest.raises(InputError, match="width"):
        driver.set_camera(look_at(np.zeros(3), np.ones(3), 48, 64, 60.0))


def test_people_stand_where_they_were_put(driver):
    driver.spawn_character("ann", SPEC)
    driver.play("ann", "walk", 0.5)
    driver.place_thing("ann", 1.0, 2.0, np.pi / 2)
    markers, keypoints = driver.markers("ann")
    # Marker 1: (0.501, 0.002, 0.003) in the character frame, turned left by 90 degrees, moved by (1, 2).
    np.testing.assert_allclose(markers[1], [0.998, 2.501, 0.003], atol=1e-8)
    assert markers.shape == (len(MARKER_NAMES), 3)
    assert np.isnan(keypoints[indices(SPINE_CHAIN)]).all()
    assert np.isfinite(np.delete(keypoints, indices(SPINE_CHAIN), axis=0)).all()
    landmarks, coordinates = driver.authored("ann")
    np.testing.assert_allclose(landmarks[8], [1.0, 2.5, 0.8], atol=1e-8)
    np.testing.assert_allclose(coordinates, np.arange(9) / 10)


def test_errors_of_the_world_are_not_tried_again(driver):
    with pytest.raises(BadReplyError, match="Cannot find object"):
        driver.markers("nobody")
    driver.spawn_character("ann", SPEC)
    with pytest.raises(BadReplyError, match="no clip 'dance'"):
        driver.play("ann", "dance", 0.0)
    assert driver.connections == 1


def test_arguments_with_spaces_never_reach_the_wire():
    with pytest.raises(InputError, match="spaces"):
        asks.call("SpawnCharacter", "ann", json.dumps({"a": 1, "b": 2}))


def test_worlds_without_the_capture_functions_are_told_apart(listen_with, world, driver):
    assert driver.check_version()["world"] == "embedded"
    stock = lying_world(world, SpineForge=b"error No handler found for URI 'vbp'")
    with (
        listen_with(stock) as address,
        quick(address) as other,
        pytest.raises(InputError, match="unreal_project"),
    ):
        other.check_version()
    future = lying_world(world, GetVersion=b'{"capture_api":2}')
    with (
        listen_with(future) as address,
        quick(address) as other,
        pytest.raises(InputError, match="version 2"),
    ):
        other.check_version()
