"""The stock ``unrealcv`` client and its API classes over every command group, against a real world process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

from spinepose.rng import rng_for
from synth.body.population import sample_subject
from synth.world.server import READY
from synth.world.unix_socket import socket_path

pytestmark = pytest.mark.extra

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Host, port and output folder of a world with a person in it."""
    out = tmp_path_factory.mktemp("world")
    command = [sys.executable, "-m", "synth.world", "--port", "0", "--stop-with-stdin", "--unix-socket"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    host, port = process.stdout.readline().removeprefix(READY).strip().split(":")
    yield host, int(port), out
    process.terminate()
    process.communicate()
    assert not socket_path(int(port)).exists()


@pytest.fixture
def client(world):
    import unrealcv

    client = unrealcv.Client(world[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the client warns of commands that the world does not list
        assert client.connect()
        yield client
    client.disconnect()


@pytest.fixture
def api(world):
    import unrealcv

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api = unrealcv.UnrealCv_API(world[1], world[0], (160, 120))
        yield api
    api.client.disconnect()


def test_system_and_level(client, world):
    assert f"Port: {world[1]}" in client.request("vget /unrealcv/status")
    assert client.request("vget /unrealcv/version") == "1.1.0"
    assert client.request("vget /unrealcv/echo hello") == "hello"
    assert "vget /cameras" in client.request("vget /unrealcv/help")
    assert "vget /cameras" in client.request("vget /unrealcv/commands").splitlines()
    assert client.request("vget /scene/name") == client.request("vget /level/name")
    assert "error" not in client.request("vget /persistent_level/level_script_actor/id")
    for verb, paused in (("pause", "true"), ("resume", "false")):
        assert client.request(f"vset /action/game/{verb}") == "ok"
        assert client.request("vget /action/game/is_paused") == paused


def test_console_and_functions(client):
    assert client.request("vrun r.SetRes 640x480w") == "ok"
    assert client.request("vrun stat fps") == "ok"
    assert client.request("vexec SpineForge GetVersion") == "ok"
    version = json.loads(client.request("vbp SpineForge GetVersion"))
    assert version["quality"] == "fine"
    assert version["renderer"] != "unknown"
    assert client.request("vbp Nobody Open") == "error Can not find actor with id 'Nobody'"


def test_pictures(client, world):
    assert client.request("vset /camera/0/size 160 120") == "ok"
    for mode in ("lit", "normal", "object_mask", "seg", "depth", "part_mask"):
        for kind, channels in (("png", 4), ("bmp", 3)):
            data = np.frombuffer(client.request(f"vget /camera/0/{mode} {kind}"), np.uint8)
            assert cv2.imdecode(data, cv2.IMREAD_UNCHANGED).shape == (120, 160, channels), mode
        array = np.load(io.BytesIO(client.request(f"vget /camera/0/{mode} npy")))
        assert array.shape[:2] == (120, 160)
        path = Path(client.request(f"vget /camera/0/{mode} {mode}.png"))
        assert path == world[2].resolve() / f"{mode}.png"
        assert cv2.imread(str(path)).shape == (120, 160, 3)
    assert client.request("vget /camera/0/lit /tmp/x.png").startswith("error Argument Invalid")


def test_lens(client):
    assert client.request("vset /camera/0/projection_type perspective") == "ok"
    assert client.request("vset /camera/0/exposure_method manual") == "ok"
    assert client.request("vset /camera/0/motion_blur 0 0 0 30") == "ok"
    lit = []
    for stops in (0, -2):
        assert client.request(f"vset /camera/0/exposure_bias {stops}") == "ok"
        lit.append(np.load(io.BytesIO(client.request("vget /camera/0/lit npy")))[..., :3].mean())
    client.request("vset /camera/0/exposure_bias 0")
    assert lit[1] < 0.7 * lit[0]


def test_a_list_of_requests_and_requests_without_waiting(client):
    replies = client.request(
        [f"vget /camera/0/{what}" for what in ("location", "rotation", "fov", "size")] * 20
    )
    assert len(replies) == 80
    assert [float(value) for value in replies[0].split()]
    for x in range(50):
        client.request(f"vset /camera/0/location -360 {x} 150", -1)
    assert client.request("vget /camera/0/location") == "-360.000 49.000 150.000"
    client.request("vset /camera/0/location -360 0 150")
    assert client.request("vbatch 2") == "ok"
    assert client.request(["vget /camera/0/size", "vget /cameras"])[0].count(" ") == 1


def test_objects_through_the_api(api):
    assert api.set_new_obj("Cube", "block", location=[50, 0, 100]) == "block"
    assert api.get_obj_location("block") == [50, 0, 100]
    api.set_obj_location("block", [60, 10, 100])
    api.set_obj_rotation("block", [0, 30, 0])
    api.set_obj_scale("block", [0.5, 0.5, 0.5])
    assert api.get_obj_pose("block") == [60, 10, 100, 0, 30, 0]
    assert api.get_obj_scale("block") == [0.5, 0.5, 0.5]
    assert api.get_obj_size("block") == [50, 50, 50]
    assert len(api.get_vertex_locations("block")[0]) == 3
    api.set_obj_color("block", [9, 8, 7])
    assert api.client.request("vget /object/block/color") == "(R=9,G=8,B=7,A=255)"
    assert api.get_obj_uclass("block") == "Cube"
    api.set_hide_obj("block")
    api.set_show_obj("block")
    api.destroy_obj("block")
    assert "block" not in api.get_objects()


def test_cameras_through_the_api(api):
    count = api.get_camera_num()
    api.set_new_camera()
    assert api.get_camera_num() == count + 1
    api.set_cam_location(count, [-300, 0, 120])
    api.set_cam_rotation(count, [-5, 0, 0])
    api.set_cam_fov(count, 70)
    assert api.get_cam_pose(count) == [-300, 0, 120, -5, 0, 0]
    assert float(api.get_cam_fov(count)) == 70
    lit, mask = api.get_image(count, "lit", "png"), api.get_image(count, "object_mask", "bmp")
    depth = api.get_depth(count)
    assert lit.shape == mask.shape
    assert depth.shape[:2] == lit.shape[:2]
    both = api.get_image_multimodal(count, ["lit", "depth"], ["bmp", "npy"])
    assert both.shape[2] == 4
    assert len(api.get_image_multicam([0, count], "lit", "bmp")) == 2


def test_people_and_bones(client):
    spec = sample_subject(rng_for(3, "stock client"), "visitor").to_json()
    reply = client.request(f"vbp SpineForge SpawnCharacter visitor {spec}", 60)
    assert 100 < json.loads(reply)["stature_cm"] < 230
    bones = json.loads(client.request("vget /object/visitor/bones sacrum,T8,nobody world"))
    assert [bone["bone_name"] for bone in bones] == ["sacrum", "T8"]
    bounds = [float(value) for value in client.request("vget /object/visitor/bounds").split()]
    assert 100 < bounds[5] - bounds[2] < 230
    assert client.request("vset /object/visitor/destroy") == "ok"


def test_the_unix_socket(world):
    import unrealcv

    client = unrealcv.Client(str(socket_path(world[1])), "unix")
    assert client.connect()
    assert client.request("vget /unrealcv/version") == "1.1.0"
    client.disconnect()
