"""Drives a world, the embedded one or a real engine, through the stock client, and believes nothing unchecked.

Every request has a deadline. After any fault the client is thrown away and a fresh one asks again, a bounded
number of times: after a timeout the stock client gives every later request the answer of the one before.
"""

from __future__ import annotations

import json
import logging
import re
import time
from types import TracebackType
from typing import Any

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from opensim_models.markers import MARKER_NAMES
from spinepose.errors import InputError, StageError
from spinepose.skeleton import NAMES, SPINE_CHAIN
from synth.camera import Camera
from synth.unreal_coords import (
    camera_from_unreal,
    camera_to_unreal,
    from_unreal_cm,
    rotator_axes,
    to_unreal_cm,
    yaw_to_unreal_deg,
)
from synth.unrealcv import decode
from synth.unrealcv.client import ConnectError, DeadlineClient, open_client
from synth.unrealcv.decode import BadReplyError

log = logging.getLogger(__name__)

CAPTURE_API = 1
# The first spawn of a subject builds a body, and the very first one may load the body model.
_SPAWN_TIMEOUT_S = 300.0
_RETRY_PAUSE_S = 0.2
_LOCATION_TOLERANCE_CM = 0.01
_AXES_TOLERANCE = 2e-4  # 0.01 degrees


def parse_address(text: str, default_port: int = 9000) -> tuple[str, int]:
    """Read ``host:port``, ``host`` or ``:port``.

    Raises:
        InputError: It is none of them.
    """
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]*)(?::(\d{1,5}))?", text.strip())
    port = int(match.group(2) or default_port) if match else 0
    if match is None or not text.strip() or not 0 < port < 65536:
        raise InputError(f"--world {text!r} is no address; write it as HOST:PORT, e.g. 127.0.0.1:9000")
    return match.group(1).strip("[]") or "127.0.0.1", port


class Driver:
    """A connection to a world.

    Args:
        host: Name or address.
        port: TCP port.
        connect_timeout_s: Longest wait for the banner.
        timeout_s: Longest wait for one reply.
        retries: How often a request that failed is asked again with a fresh client.
    """

    def __init__(
        self, host: str, port: int, connect_timeout_s: float = 10.0, timeout_s: float = 60.0, retries: int = 2
    ) -> None:
        self.host, self.port = host, port
        self._connect_timeout_s, self._timeout_s, self._retries = connect_timeout_s, timeout_s, retries
        self._client: DeadlineClient | None = None
        self._camera_index: int | None = None
        self._size: tuple[int, int] | None = None
        #: Grows with every connection; a world may have been started anew between two.
        self.connections = 0

    def __enter__(self) -> Driver:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    # --- requests

    def connect(self) -> None:
        """Connect now, so that a wrong address is said before any work.

        Raises:
            InputError: No world answers there.
        """
        if self._client is not None:
            return
        try:
            self._client = open_client(self.host, self.port, self._connect_timeout_s)
        except ConnectError as error:
            raise InputError(self._explain_connect(error)) from error
        self.connections += 1
        self._camera_index = self._size = None

    def _explain_connect(self, error: ConnectError) -> str:
        if error.refused:
            return (
                f"no world at {self.address}: {error}; start one with 'spineforge world --port {self.port}'"
            )
        return (
            f"world {self.address} did not answer within {self._connect_timeout_s:g} s; "
            "is it a world, and does another client hold it? (one client at a time)"
        )

    def close(self) -> None:
        """Give the world's only seat back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def request(self, command: str, timeout_s: float | None = None) -> str | bytes:
        """Send one command and return its reply, error texts included.

        Asking twice must do no harm: a request whose reply was lost is sent again.

        Raises:
            StageError: Every attempt failed.
            InputError: The first connection ever failed.
        """
        faults = []
        for attempt in range(self._retries + 1):
            if attempt:
                time.sleep(_RETRY_PAUSE_S * attempt)
            try:
                if self.connections == 0:
                    self.connect()
                elif self._client is None:
                    self._reconnect()
                assert self._client is not None
                reply = self._client.request(command, timeout=timeout_s or self._timeout_s)
                if reply is not None:
                    return reply
                faults.append("no reply")
            except (OSError, TimeoutError) as error:
                faults.append(str(error) or type(error).__name__)
            log.info("world %s: '%.60s' failed: %s", self.address, command, faults[-1])
            self.close()
        raise StageError(
            f"world {self.address} failed {len(faults)} times on '{command[:60]}' (last: {faults[-1]}); "
            "look at the world's log, or give it more time with --set render.timeout_s"
        )

    def _reconnect(self) -> None:
        self._client = open_client(self.host, self.port, self._connect_timeout_s)
        self.connections += 1
        self._camera_index = self._size = None

    def text(self, command: str, timeout_s: float | None = None) -> str:
        """Ask for a text.

        Raises:
            BadReplyError: The world answered with an error or with bytes.
        """
        reply = self.request(command, timeout_s)
        if not isinstance(reply, str) or reply.startswith("error"):
            shown = reply[:160] if isinstance(reply, str) else f"{len(reply)} bytes"
            raise BadReplyError(f"world {self.address}: '{command[:60]}' was answered '{shown}'")
        return reply

    def order(self, command: str) -> None:
        """Ask for something to be done; anything but ``ok`` is an error."""
        reply = self.text(command)
        if reply != "ok":
            raise BadReplyError(
                f"world {self.address}: '{command[:60]}' was answered '{reply[:160]}', expected 'ok'"
            )

    def call(self, function: str, *arguments: str, timeout_s: float | None = None) -> dict[str, Any]:
        """Call a capture function; arguments hold no spaces.

        Raises:
            BadReplyError: An error, or no JSON object.
        """
        command = " ".join(("vbp SpineForge", function, *arguments))
        if any(not argument or argument.split() != [argument] for argument in arguments):
            raise InputError(f"argument of {function} is empty or has spaces; write JSON in its compact form")
        reply = self.text(command, timeout_s)
        try:
            value = json.loads(reply)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise BadReplyError(
                f"world {self.address}: {function} was answered '{reply[:160]}', expected JSON"
            )
        return value

    # --- the scene

    def check_version(self) -> dict[str, Any]:
        """Ask which capture functions the world has.

        Raises:
            InputError: None, or those of another version.
        """
        try:
            version = self.call("GetVersion")
        except BadReplyError as error:
            raise InputError(
                f"world {self.address} lacks the capture functions ({error}); open the project of unreal_project/ in it"
            ) from error
        number = version.get("capture_api")
        if number != CAPTURE_API:
            raise InputError(
                f"world {self.address} has capture functions of version {number}, this driver needs {CAPTURE_API}"
            )
        return version

    def set_place(self, name: str, seed: int) -> list[str]:
        """Start over in a place, with nobody in it; returns the names of its objects."""
        return list(self.call("SetPlace", name, str(int(seed)), timeout_s=_SPAWN_TIMEOUT_S)["objects"])

    def set_light(self, light: dict[str, Any]) -> None:
        """Change fields of the place's own light."""
        self.call("SetLight", json.dumps(light, separators=(",", ":")))

    def spawn_character(self, name: str, spec_json: str) -> dict[str, Any]:
        """Add a person, or replace the one of that name."""
        return self.call("SpawnCharacter", name, spec_json, timeout_s=max(_SPAWN_TIMEOUT_S, self._timeout_s))

    def place_thing(self, name: str, x_m: float, y_m: float, yaw_rad: float, z_m: float = 0.0) -> None:
        """Move an object or a person on the floor."""
        x, y, z = to_unreal_cm(np.array([x_m, y_m, z_m]))
        self.order(f"vset /object/{name}/location {x:.6f} {y:.6f} {z:.6f}")
        self.order(f"vset /object/{name}/rotation 0.000000 {yaw_to_unreal_deg(yaw_rad):.6f} 0.000000")

    def color(self, name: str, color: tuple[int, int, int]) -> None:
        """Give a thing a colour in the mask and read it back."""
        self.order("vset /object/{}/color {} {} {}".format(name, *color))
        reply = self.text(f"vget /object/{name}/color")
        if tuple(int(number) for number in re.findall(r"\d+", reply)[:3]) != color:
            raise BadReplyError(
                f"world {self.address}: mask colour of {name} is '{reply[:60]}', set to {color}"
            )

    def play(self, name: str, clip: str, time_s: float) -> None:
        """Make a person hold a frame of a clip."""
        self.call("PlayClip", name, clip, f"{time_s:.6f}")

    def destroy(self, name: str) -> None:
        """Remove an object or a person."""
        self.order(f"vset /object/{name}/destroy")

    # --- truth

    def markers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Markers, shape (54, 3), and keypoints, shape (37, 3), of a person, world metres; NaN for those it lacks."""
        reply = self.call("GetMarkers", name)
        return (
            _points(reply.get("markers"), MARKER_NAMES, "GetMarkers"),
            _points(reply.get("keypoints"), NAMES, "GetMarkers"),
        )

    def authored(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Authored landmarks, shape (9, 3), world metres, and coordinates, shape (9,), radians; for evaluation only."""
        reply = self.call("GetAuthored", name)
        coordinates = reply.get("coordinates_rad")
        try:
            values = np.array([float(coordinates[key]) for key in REGIONAL_COORDINATES])  # type: ignore[index]
        except (TypeError, KeyError, ValueError) as error:
            raise BadReplyError(f"GetAuthored: coordinates are not what was asked for ({error!r})") from error
        return _points(reply.get("landmarks"), SPINE_CHAIN, "GetAuthored"), values

    # --- pictures

    def set_camera(self, camera: Camera) -> Camera:
        """Put the capture camera in place.

        The pose is sent in the digits that the wire gives back (0.001 cm, 0.001 degrees), and the camera that
        is returned is made from what was read back: it is the camera of the pictures, to the last bit.

        Raises:
            BadReplyError: The camera that was read back is another one.
        """
        if camera.height > camera.width:
            raise InputError(
                f"camera is {camera.width}x{camera.height}; the width must not be less than the height"
            )
        self._camera_index = self._camera_index or self._spawned_camera()
        uri = f"/camera/{self._camera_index}"
        location, rotation, fov = camera_to_unreal(camera)
        self.order(f"vset {uri}/size {camera.width} {camera.height}")
        self.order(f"vset {uri}/fov {fov:.6f}")
        self.order("vset {}/location {:.3f} {:.3f} {:.3f}".format(uri, *location))
        self.order("vset {}/rotation {:.3f} {:.3f} {:.3f}".format(uri, *rotation))
        read = camera_from_unreal(
            np.array(decode.floats(self.text(f"vget {uri}/location"), 3, "camera location")),
            decode.floats(self.text(f"vget {uri}/rotation"), 3, "camera rotation"),  # type: ignore[arg-type]
            decode.floats(self.text(f"vget {uri}/fov"), 1, "camera fov")[0],
            *(int(value) for value in decode.floats(self.text(f"vget {uri}/size"), 2, "camera size")),
        )
        self._check_camera(camera, read)
        self._size = (camera.width, camera.height)
        return read

    def _spawned_camera(self) -> int:
        """Number of a camera of our own: camera 0 follows the pawn in a real engine."""
        count = len(self.text("vget /cameras").split())
        if count < 2:
            self.text("vset /cameras/spawn")
            count = len(self.text("vget /cameras").split())
        if count < 2:
            raise BadReplyError(f"world {self.address}: no camera appeared after 'vset /cameras/spawn'")
        return count - 1

    def _check_camera(self, asked: Camera, read: Camera) -> None:
        (asked_cm, asked_deg, asked_fov), (read_cm, read_deg, read_fov) = map(camera_to_unreal, (asked, read))
        faults = []
        if np.abs(asked_cm - read_cm).max() > _LOCATION_TOLERANCE_CM:
            faults.append(f"location {np.round(read_cm, 3)} cm, set to {np.round(asked_cm, 3)}")
        if np.abs(rotator_axes(*asked_deg) - rotator_axes(*read_deg)).max() > _AXES_TOLERANCE:
            faults.append(f"rotation {np.round(read_deg, 3)} degrees, set to {np.round(asked_deg, 3)}")
        if abs(asked_fov - read_fov) > 1e-3 or (asked.width, asked.height) != (read.width, read.height):
            faults.append(f"view {read.width}x{read.height} at {read_fov:.3f} degrees")
        if faults:
            raise BadReplyError(
                f"world {self.address}: the camera read back is not the one set: {'; '.join(faults)}"
            )

    def lit(self) -> np.ndarray:
        """The colour picture, shape (H, W, 3) uint8 RGB (asked for as BMP: no packing, no loss)."""
        return self._image("lit bmp", decode.picture)

    def depth(self) -> np.ndarray:
        """Planar depth, metres, shape (H, W) float32; inf where nothing was hit."""
        return self._image("depth npy", decode.depth_m)

    def mask(self) -> np.ndarray:
        """Instance colours, shape (H, W, 3) uint8 RGB."""
        return self._image("object_mask bmp", decode.picture)

    def part_mask(self) -> np.ndarray:
        """Body-part ids, shape (H, W) uint8."""
        return self._image("part_mask npy", decode.array).astype(np.uint8)

    def _image(self, what: str, read: Any) -> np.ndarray:
        size = self._size  # a connection that is lost on the way forgets it
        if self._camera_index is None or size is None:
            raise StageError(
                "the camera is not set on this connection; call set_camera before asking for a picture"
            )
        return read(self.request(f"vget /camera/{self._camera_index}/{what}"), *size, what)


def _points(named: Any, names: tuple[str, ...], what: str) -> np.ndarray:
    """Named points in Unreal centimetres as world metres in the order of ``names``; NaN where one is missing."""
    points = np.full((len(names), 3), np.nan)
    if not isinstance(named, dict):
        raise BadReplyError(f"{what}: expected an object of named points")
    for index, name in enumerate(names):
        value = named.get(name)
        if value is not None:
            try:
                points[index] = value
            except (TypeError, ValueError) as error:
                raise BadReplyError(
                    f"{what}: point {name} is {str(value)[:60]}, expected three numbers"
                ) from error
    return from_unreal_cm(points)
