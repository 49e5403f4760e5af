"""The real thing: the embedded world as a process, driven by the stock client and by ours."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from spinepose.errors import InputError, StageError
from synth.camera import look_at
from synth.unrealcv.driver import Driver
from synth.unrealcv.process import WorldProcess
from synth.world.server import READY

ROOT = Path(__file__).parents[2]


def gl_works():
    try:
        from synth.world.raster_gl import make_context

        make_context().release()
    except InputError:
        return False
    return True


needs_gl = pytest.mark.skipif(not gl_works(), reason="no EGL here")


def python(code, *more):
    return [sys.executable, "-c", code, *more]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def test_a_world_that_is_never_ready_ends_by_its_deadline(tmp_path):
    world = WorldProcess(
        tmp_path, tmp_path, start_timeout_s=0.5, command=python("import time; time.sleep(60)")
    )
    with pytest.raises(StageError, match=r"not ready after 0.5 s.*world\.log"), world:
        pass


@pytest.mark.parametrize(("code", "kind"), [(2, InputError), (1, StageError)])
def test_the_last_words_of_a_world_that_dies_are_told(tmp_path, code, kind):
    script = f"import sys; sys.stderr.write('noise\\nerror: no GL library\\n'); sys.exit({code})"
    with pytest.raises(kind, match="no GL library"), WorldProcess(tmp_path, tmp_path, command=python(script)):
        pass


@pytest.mark.parametrize("fail", [False, True])
def test_the_child_is_gone_after_the_block_and_after_an_error_in_it(tmp_path, fail):
    script = (
        "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid()))\n"
        f"print('{READY}127.0.0.1:4321', flush=True); time.sleep(60)"
    )
    command = python(script, str(tmp_path / "pid"))
    try:
        with WorldProcess(tmp_path, tmp_path, command=command) as address:
            assert address == ("127.0.0.1", 4321)
            child = int((tmp_path / "pid").read_text())
            assert alive(child)
            if fail:
                raise ValueError("in the block")
    except ValueError:
        assert fail
    assert not alive(child)


@needs_gl
def test_the_world_dies_with_its_parent_even_after_kill_9(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from synth.unrealcv.process import WorldProcess\n"
        "world = WorldProcess(Path(sys.argv[1]), Path(sys.argv[1]))\n"
        "with world: print(world._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(python(code, str(tmp_path)), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


@needs_gl
def test_our_driver_gets_real_pictures(tmp_path):
    with WorldProcess(tmp_path, tmp_path / "out") as address, Driver(*address) as driver:
        assert driver.check_version().items() >= {"capture_api": 1, "world": "embedded"}.items()
        assert "floor" in driver.set_place("studio", 0)
        driver.text("vset /objects/spawn Cube cube")
        driver.place_thing("cube", 1.0, 0.5, 0.4, 0.5)
        driver.color("cube", (255, 64, 7))
        camera = driver.set_camera(
            look_at(np.array([-3.0, 0, 1.5]), np.array([1.0, 0.5, 0.5]), 160, 120, 50.0)
        )
        cube = (driver.mask() == [255, 64, 7]).all(axis=2)
        # The cube's depth: between its centre less half a diagonal and its centre.
        distance = np.linalg.norm(camera.position_world_m - [1.0, 0.5, 0.5])
        assert cube.sum() > 200
        depth = driver.depth()
        assert distance - 0.87 < depth[cube].min() < distance
        ys, xs = np.nonzero(cube)
        assert abs(xs.mean() - 79.5) < 3
        assert abs(ys.mean() - 59.5) < 3
        assert driver.lit()[cube].std() > 1
        # Nothing lingers: the file the world may write is where it belongs.
        path = driver.text("vget /camera/1/lit shot.png")
        assert Path(path) == (tmp_path / "out" / "shot.png").resolve()
        assert cv2.imread(path).shape == (120, 160, 3)


@needs_gl
def test_the_example_with_the_stock_client_runs(tmp_path):
    from synth.body.asset import load_asset

    try:
        load_asset()
    except InputError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-m", "synth.world", "--port", "0", "--stop-with-stdin"]
    world = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        address = world.stdout.readline().removeprefix(READY).strip()
        script = [sys.executable, str(ROOT / "examples" / "stock_client.py"), address]
        done = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    finally:
        world.kill()
        world.communicate()
    assert done.returncode == 0, done.stderr
    assert f"Port: {address.split(':')[1]}" in done.stdout
    assert "UserWarning" not in done.stderr
    picture = cv2.imread(str(tmp_path / "stock_client.png"))
    assert picture.shape == (480, 640, 3)
    assert picture.std() > 10
    nearest = float(re.search(r"nearest (\d+) cm", done.stdout).group(1))
    assert 30 < nearest < 300
    heights = {name: float(z) for name, z in re.findall(r"(\w+) \{.*'Z': ([-\d.]+)\}", done.stdout)}
    assert 80 < heights["sacrum"] < heights["T8"] < heights["C1"] < 190
