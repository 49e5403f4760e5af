"""A connection to a world, the embedded one or a real engine, that believes nothing unchecked.

Every reply has a deadline. After any fault the connection is thrown away; the next request opens a fresh one, and a
world of our own that does not answer any more is started anew, a bounded number of times in a row.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np

from spinepose.errors import InputError, StageError
from synth.camera import Camera
from synth.unrealcv import asks, decode
from synth.unrealcv.asks import Ask, Placing
from synth.unrealcv.client import ConnectError, ExchangeError, WireClient, open_client
from synth.unrealcv.decode import BadReplyError, Reply, WorldFaultError

log = logging.getLogger(__name__)

CAPTURE_API = 1
_RETRY_PAUSE_S = 0.2
# A first spawn builds a body and may load the body model; an engine may load a level.
_SLOW = 3
_T = TypeVar("_T")


class LostConnectionError(WorldFaultError):
    """The connection broke or a reply did not come in time."""


class WorldGoneError(LostConnectionError):
    """Nobody answers where a world was."""


class WorldLostError(StageError):
    """No world answers any more, and starting it anew did not help or is not ours to do."""


class OwnWorld(Protocol):
    """A world that we started ourselves."""

    def restart(self) -> tuple[str, int]:
        """Start it anew; gives the address."""


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
        timeout_s: Longest wait for one reply; three times that where something may have to be built first.
        retries: How often a piece of work that failed is tried again.
        own: The world, where we started it: then it is started anew when it does not answer.
        max_restarts: How often in a row that is done before :meth:`renew` allows more.
    """

    def __init__(
        self, host: str, port: int, connect_timeout_s: float = 10.0, timeout_s: float = 60.0, retries: int = 2,
        own: OwnWorld | None = None, max_restarts: int = 3,
    ) -> None:  # fmt: skip
        self.host, self.port = host, port
        self.retries = retries
        self._connect_timeout_s, self._timeout_s = connect_timeout_s, timeout_s
        self._own, self._max_restarts = own, max_restarts
        self._restarts_left = max_restarts
        self._client: WireClient | None = None
        self._camera_index: int | None = None
        self._size: tuple[int, int] | None = None
        self._aborted = False
        #: Grows with every connection; a world may have been started anew between two.
        self.connections = 0
        #: How often our own world was started anew.
        self.restarts = 0
        #: Whether requests may be sent without waiting for the replies to those that change the picture. A real
        #: engine shows what was set a frame later: there, pictures are asked for once the poses were read back.
        self.eager = True

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

    @property
    def transport(self) -> str:
        """How the world is reached: ``TCP``, ``Unix socket``, or nothing while there is no connection."""
        return self._client.transport if self._client is not None else ""

    # --- the connection

    def connect(self) -> None:
        """Connect now, so that a wrong address is said before any work.

        Raises:
            InputError: No world ever answered there.
            LostConnectionError: One did, and does not any more.
            WorldLostError: Our own world was started anew too often, or this driver was told to stop.
        """
        if self._client is not None:
            return
        if self._aborted:
            raise WorldLostError("stopped")
        try:
            client = open_client(self.host, self.port, self._connect_timeout_s)
        except ConnectError as error:
            if self._own is None:
                raise self._explain(error) from error
            self._restart(error)
            client = self._open_again()
        self._client = client
        self.connections += 1
        self._camera_index = self._size = None
        if self._aborted:
            self.close()

    def _explain(self, error: ConnectError) -> Exception:
        if self.connections:
            return WorldGoneError(f"the world is gone: {error}")
        if error.refused:
            return InputError(
                f"no world at {self.address}: {error}; start one with 'spineforge world --port {self.port}'"
            )
        return InputError(
            f"world {self.address} did not answer within {self._connect_timeout_s:g} s; "
            "is it a world, and does another client hold it? (one client at a time)"
        )

    def _restart(self, why: Exception) -> None:
        assert self._own is not None
        if self._restarts_left <= 0 or self._aborted:
            raise WorldLostError(
                f"the world was started anew {self._max_restarts} times in a row and is gone again"
            )
        self._restarts_left -= 1
        log.info("world %s: %s; starting it anew", self.address, why)
        self.restarts += 1
        try:
            self.host, self.port = self._own.restart()
        except StageError as error:
            raise WorldLostError(f"the world cannot be started anew: {error}") from error

    def _open_again(self) -> WireClient:
        try:
            return open_client(self.host, self.port, self._connect_timeout_s)
        except ConnectError as error:
            raise WorldGoneError(f"the world that was started anew does not answer: {error}") from error

    def renew(self) -> None:
        """Say that work goes well or begins anew: the world may be started anew as often as at first."""
        self._restarts_left = self._max_restarts

    def close(self) -> None:
        """Give the world's only seat back."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def abort(self) -> None:
        """End whatever goes on, from any thread: a request that waits fails, and nothing is opened any more."""
        self._aborted = True
        client = self._client
        if client is not None:
            client.abort()

    # --- requests

    def fetch(self, wanted: Sequence[Ask[Any]]) -> list[Reply]:
        """Send requests, all at once, and collect the replies as they are; connects where that is needed.

        Raises:
            LostConnectionError: The connection broke or a reply was late; the connection is closed by then.
        """
        self.connect()
        assert self._client is not None
        timeouts = [self._timeout_s * (_SLOW if ask.slow else 1) for ask in wanted]
        try:
            return list(self._client.exchange([ask.command for ask in wanted], timeouts))
        except ExchangeError as error:
            self.close()
            command = wanted[min(error.index, len(wanted) - 1)].command
            raise LostConnectionError(f"'{command[:60]}' got no reply: {error}", command) from error

    def run(self, wanted: Sequence[Ask[Any]]) -> list[Any]:
        """Send requests, all at once, and read their replies.

        Raises:
            LostConnectionError: The connection broke or a reply was late.
            BadReplyError: Some reply is not what was asked for; those after it are not looked at.
        """
        return [read(ask, reply) for ask, reply in zip(wanted, self.fetch(wanted), strict=True)]

    def one(self, ask: Ask[_T]) -> _T:
        """Ask one thing, again on a fresh connection where the connection breaks. Asking twice must do no harm.

        Raises:
            LostConnectionError: Every attempt failed.
            BadReplyError: The answer is not what was asked for.
        """
        faults: list[LostConnectionError] = []
        for attempt in range(self.retries + 1):
            if attempt:
                time.sleep(_RETRY_PAUSE_S * attempt)
            try:
                return self.run([ask])[0]
            except LostConnectionError as error:
                log.info("world %s: %s", self.address, error)
                faults.append(error)
        raise LostConnectionError(
            f"the world failed {len(faults)} times on '{ask.command[:60]}' (last: {faults[-1]}); "
            "look at the world's log, or give it more time with --set render.timeout_s",
            ask.command,
        )

    def text(self, command: str) -> str:
        """Ask for a text."""
        return self.one(Ask(command, decode.text))

    # --- what everybody needs

    def check_version(self) -> dict[str, Any]:
        """Ask which capture functions the world has.

        Raises:
            InputError: None, or those of another version.
        """
        version = self._version()
        number = version.get("capture_api")
        if number != CAPTURE_API:
            raise InputError(
                f"world {self.address} has capture functions of version {number}, this driver needs {CAPTURE_API}"
            )
        self.eager = version.get("world") == "embedded"
        return version

    def _version(self) -> dict[str, Any]:
        for attempt in range(self.retries + 1):
            try:
                return self.one(asks.call("GetVersion"))
            except BadReplyError as error:
                self.close()
                if asks.NO_FUNCTION in str(error) or attempt == self.retries:
                    raise InputError(
                        f"world {self.address} lacks the capture functions ({error}); open the project of "
                        "unreal_project/ in it, or name its people with --people FILE (docs/unreal.md)"
                    ) from error
        raise AssertionError("unreachable")

    def camera_index(self) -> int:
        """Number of a camera of our own on this connection: camera 0 follows the pawn in a real engine.

        Raises:
            BadReplyError: None appeared.
        """
        self.connect()
        if self._camera_index is None:
            cameras = Ask("vget /cameras", lambda reply: len(decode.text(reply).split()))
            (count,) = self.run([cameras])
            if count < 2:
                _, count = self.run([Ask("vset /cameras/spawn", decode.text), cameras])
            if count < 2:
                raise BadReplyError("no camera appeared after 'vset /cameras/spawn'", "vset /cameras/spawn")
            self._camera_index = count - 1
        return self._camera_index

    # --- one thing at a time

    def set_place(self, name: str, seed: int) -> list[str]:
        """Start over in a place, with nobody in it; returns the names of its objects."""
        return self.one(asks.set_place(name, seed))

    def spawn_character(self, name: str, spec_json: str) -> dict[str, Any]:
        """Add a person, or replace the one of that name."""
        return self.one(asks.spawn(name, spec_json))

    def place_thing(self, name: str, x_m: float, y_m: float, yaw_rad: float, z_m: float = 0.0) -> None:
        """Move an object or a person on the floor."""
        self.run(asks.put(name, Placing.on_floor(x_m, y_m, yaw_rad, z_m)))

    def color(self, name: str, rgb: tuple[int, int, int]) -> None:
        """Give a thing a colour in the mask."""
        self.run(asks.color(name, rgb))

    def play(self, name: str, clip: str, time_s: float) -> None:
        """Make a person hold a frame of a clip."""
        self.one(asks.play(name, clip, time_s))

    def markers(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Markers, shape (54, 3), and keypoints, shape (37, 3), of a person, world metres; NaN for those it lacks."""
        return self.one(asks.markers(name))[:2]

    def authored(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Authored landmarks, shape (9, 3), world metres, and coordinates, shape (9,), radians; for evaluation only."""
        return self.one(asks.authored(name))[:2]

    def set_camera(self, camera: Camera) -> Camera:
        """Put the capture camera in place; returns the camera that was read back, which is that of the pictures."""
        values = self.run(asks.set_camera(self.camera_index(), camera))
        read_back = asks.camera_read(camera, values[-4:])
        self._size = (camera.width, camera.height)
        return read_back

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

    def _image(self, what: str, decoder: Any) -> np.ndarray:
        size = self._size  # a connection that is lost on the way forgets it
        if self._camera_index is None or size is None:
            raise StageError(
                "the camera is not set on this connection; call set_camera before asking for a picture"
            )
        ask = asks.image(self._camera_index, what)
        return read(Ask(ask.command, lambda reply: decoder(reply, *size)), self.one(ask))


def read(ask: Ask[_T], reply: Reply) -> _T:
    """Read a reply; what is wrong with it is said together with the command."""
    try:
        return ask.read(reply)
    except BadReplyError as error:
        command = error.command or ask.command
        raise BadReplyError(f"'{ask.command[:60]}' was {error}", command) from error
