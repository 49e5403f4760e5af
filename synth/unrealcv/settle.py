"""Pictures of an engine that has come to rest: nothing of the moment before, exposure settled, the camera still there.

An engine draws ahead: the first picture after a move may show the scene before it, and eyes that adapt make the next
ones brighter or darker. So pictures after a move are thrown away until they settle, depth is taken before and after the
rest and must agree, and the camera's pose is read back once more at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synth.camera import Camera
from synth.unrealcv import asks, decode
from synth.unrealcv.decode import Reply
from synth.unrealcv.driver import Driver
from synth.unrealcv.plausible import ImplausibleError

# Brightness of two pictures in a row that counts as settled.
_SAME_BRIGHTNESS = 0.01
# Depth of two pictures of one moment: float16 rounds alike, so all but flickering edges agree.
_SAME_DEPTH, _SAME_SHARE = 0.002, 0.995


@dataclass(frozen=True)
class Patience:
    """How long to wait for an engine.

    Attributes:
        warmup: Pictures thrown away after each move.
        most: Pictures after which brightness that still changes, or depth that does not agree, is a fault.
    """

    warmup: int = 2
    most: int = 12


def settled_pictures(
    driver: Driver, index: int, camera: Camera, wanted: Sequence[str], patience: Patience
) -> list[Reply]:
    """Take pictures once the engine shows what was set.

    Args:
        driver: The world; the camera is set.
        index: The camera's number.
        camera: Where it was put.
        wanted: What to ask for, e.g. ``["lit bmp", "depth npy"]``; colour comes first, depth second.
        patience: How long to wait.

    Raises:
        ImplausibleError: It does not come to rest.
        WorldFaultError: A picture failed.
    """
    lit, depth, *others = wanted
    for _ in range(patience.warmup):
        driver.run([asks.image(index, lit)])
    _wait_for_exposure(driver, index, camera, lit, patience)
    before = _depth(driver, index, camera, depth)
    for _ in range(patience.most):
        pictures = driver.run([asks.image(index, what) for what in (lit, depth, *others)])
        after = decode.depth_m(pictures[1], camera.width, camera.height)
        if _agree(before, after):
            asks.camera_read(camera, driver.run(asks.read_camera(index)))
            return pictures
        before = after
    raise ImplausibleError("the depth of one moment changes from picture to picture", "depth")


def _wait_for_exposure(driver: Driver, index: int, camera: Camera, lit: str, patience: Patience) -> None:
    last = None
    for _ in range(patience.most):
        reply = driver.run([asks.image(index, lit)])[0]
        now = float(decode.picture(reply, camera.width, camera.height).mean())
        if last is not None and abs(now - last) <= _SAME_BRIGHTNESS * max(now, last, 1.0):
            return
        last = now
    raise ImplausibleError(f"the exposure has not settled after {patience.most} pictures", "lit")


def _depth(driver: Driver, index: int, camera: Camera, what: str) -> np.ndarray:
    return decode.depth_m(driver.run([asks.image(index, what)])[0], camera.width, camera.height)


def _agree(before_m: np.ndarray, after_m: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):  # inf - inf where both see nothing
        same = (np.abs(before_m - after_m) <= _SAME_DEPTH * after_m) | (before_m == after_m)
    return float(same.mean()) >= _SAME_SHARE
