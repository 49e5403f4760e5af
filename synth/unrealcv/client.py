"""A small client of UnrealCV's wire: many requests on their way at once, a deadline for every reply, errors at once.

The stock ``unrealcv`` client waits for each reply before it asks on, ignores its own timeouts, and mixes replies up
after one; it is proven to work with our world elsewhere (``examples/stock_client.py``). Here one object is one
connection: after any fault it is thrown away.
"""

from __future__ import annotations

import selectors
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from synth.world.protocol import MAGIC, MAX_PAYLOAD_BYTES, pack_frame

_BANNER = b"connected"
_HEADER = struct.Struct("<II")  # magic number, length of the payload
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ConnectError(ConnectionError):
    """No connection; ``refused`` tells a closed port or foreign service from a peer that says nothing."""

    def __init__(self, message: str, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class ExchangeError(ConnectionError):
    """An exchange broke; ``index`` is the number of the first request that got no reply."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class WireClient:
    """One connection to a world.

    Args:
        sock: A connected stream socket; the client owns it from now on.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        #: ``TCP`` or ``Unix socket``.
        self.transport = "TCP" if sock.family in (socket.AF_INET, socket.AF_INET6) else "Unix socket"
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ)
        self._next_id = 0
        self._reading: _Frame = _Frame()

    def exchange(self, commands: Sequence[str], timeouts_s: Sequence[float]) -> list[memoryview]:
        """Send all commands and collect their replies, in order.

        A server that answers while it is still being asked cannot block: both directions go on at the same time.

        Args:
            commands: What to ask.
            timeouts_s: How long each reply may take after the one before it.

        Returns:
            The replies without their ids.

        Raises:
            ExchangeError: Too late, closed, out of order, or not the wire's framing.
        """
        first, self._next_id = self._next_id, self._next_id + len(commands)
        requests = (pack_frame(b"%d:%s" % (first + i, text.encode())) for i, text in enumerate(commands))
        outgoing = memoryview(b"".join(requests))
        replies: list[memoryview] = []
        try:
            deadline = time.monotonic() + timeouts_s[0] if commands else 0.0
            while len(replies) < len(commands):
                outgoing = self._wait(outgoing, deadline)
                for payload in self._received(len(commands) - len(replies)):
                    replies.append(_body(payload, first + len(replies)))
                    if len(replies) < len(commands):
                        deadline = time.monotonic() + timeouts_s[len(replies)]
        except (OSError, ValueError) as error:
            raise ExchangeError(str(error) or type(error).__name__, len(replies)) from error
        return replies

    def abort(self) -> None:
        """From another thread: whoever waits here gets an error now."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def banner(self, timeout_s: float) -> bytes:
        """Wait for what a server says first.

        Raises:
            OSError: Closed, or silent for too long.
            ValueError: Not the wire's framing.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self._wait(memoryview(b""), deadline)
            for payload in self._received(1):
                return bytes(payload)

    def close(self) -> None:
        """Disconnect; safe to call twice."""
        self.abort()
        self._selector.close()
        self._sock.close()

    def _wait(self, outgoing: memoryview, deadline: float) -> memoryview:
        """Send what goes out and return what is left once something can be read."""
        while True:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError("no reply in time")
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if len(outgoing) else 0)
            self._selector.modify(self._sock, wanted)
            ready = sum(events for _, events in self._selector.select(left_s))
            if ready & selectors.EVENT_WRITE:
                with suppress(BlockingIOError):
                    outgoing = outgoing[self._sock.send(outgoing) :]
            if ready & selectors.EVENT_READ:
                return outgoing

    def _received(self, most: int) -> Iterator[memoryview]:
        """Payloads that are complete by now, at most so many; later bytes stay in the socket."""
        for _ in range(most):
            payload = self._reading.fill(self._sock)
            if payload is None:
                return
            self._reading = _Frame()
            yield payload


class _Frame:
    """A frame that comes in pieces."""

    def __init__(self) -> None:
        self._header = True
        self._buffer = memoryview(bytearray(_HEADER.size))
        self._have = 0

    def fill(self, sock: socket.socket) -> memoryview | None:
        """Read what is there; the payload once it is complete, None before."""
        while True:
            while self._have < len(self._buffer):
                try:
                    count = sock.recv_into(self._buffer[self._have :])
                except BlockingIOError:
                    return None
                if not count:
                    raise ConnectionError("the world closed the connection")
                self._have += count
            if not self._header:
                return self._buffer
            magic, length = _HEADER.unpack(self._buffer)
            if magic != MAGIC or not 0 < length <= MAX_PAYLOAD_BYTES:
                raise ValueError(f"what came is no frame of the wire (0x{magic:08X}, {length} bytes)")
            # Memory that nobody touches costs nothing: a length that lies is not believed before the bytes are here.
            self._header, self._have, self._buffer = False, 0, np.empty(length, np.uint8).data


def _body(payload: memoryview, expected_id: int) -> memoryview:
    start = bytes(payload[:24])
    number, colon, _ = start.partition(b":")
    if not colon or not number.isdigit():
        raise ValueError(f"a reply without an id: {start!r}")
    if int(number) != expected_id:
        raise ValueError(f"reply {int(number)} came, waiting for {expected_id}")
    return payload[len(number) + 1 :]


def open_client(host: str, port: int, deadline_s: float) -> WireClient:
    """Connect and wait for the banner, but not for ever.

    After its first client has left, a real engine on Linux listens on a Unix socket only: where TCP fails on this
    machine and such a socket is there, it is the way in.

    Raises:
        ConnectError: Refused, not UnrealCV's wire, or silent until the deadline.
    """
    try:
        return _greeted(lambda: _tcp(host, port, deadline_s), deadline_s)
    except ConnectError:
        path = Path(tempfile.gettempdir()) / f"unrealcv_{port}.socket"
        if host not in _LOOPBACK or not path.is_socket():
            raise
        try:
            return _greeted(lambda: _unix(path), deadline_s)
        except ConnectError:
            pass
        raise


def _tcp(host: str, port: int, deadline_s: float) -> socket.socket:
    sock = socket.create_connection((host, port), deadline_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _unix(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    return sock


def _greeted(connect: Callable[[], socket.socket], deadline_s: float) -> WireClient:
    try:
        client = WireClient(connect())
    except TimeoutError as error:
        raise ConnectError(f"no connection within {deadline_s:g} s", refused=False) from error
    except OSError as error:
        raise ConnectError("the port is closed, or what listens there is no UnrealCV world", True) from error
    try:
        said = client.banner(deadline_s)
    except TimeoutError as error:
        client.close()
        raise ConnectError(f"no banner within {deadline_s:g} s", refused=False) from error
    except (OSError, ValueError) as error:
        client.close()
        raise ConnectError("the port is closed, or what listens there is no UnrealCV world", True) from error
    if not said.startswith(_BANNER):
        client.close()
        raise ConnectError("what listens there is no UnrealCV world", refused=True)
    return client
