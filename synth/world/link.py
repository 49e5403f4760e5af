"""The sending side of one client's connection: replies leave in order, and large ones are made on a thread here.

The thread that draws hands over what it has and goes on drawing; a second thread encodes pictures and waits for the
client. What is handed over is bounded in bytes: a client that never reads stops its own requests, not the world.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from synth.world.commands import Later, Pieces, Reply, made
from synth.world.protocol import frame_header

log = logging.getLogger(__name__)

#: A transfer may take this long, and a second more for each megabyte.
PATIENCE_S = 30.0
_SLOWEST_BYTES_PER_S = 1e6
_MAX_WAITING_BYTES = 192 * 1024 * 1024
_MAX_WAITING = 1024
_JOIN_BYTES = 1 << 16


class PeerError(OSError):
    """The peer left or did not take its replies in time."""


def transfer_s(patience_s: float, count: int) -> float:
    """How long a transfer of ``count`` bytes may take, seconds."""
    return patience_s + count / _SLOWEST_BYTES_PER_S


@dataclass(frozen=True)
class _Waiting:
    request_id: bytes | None
    body: bytes | Later
    cost_bytes: int


class Link:
    """Sends replies over a non-blocking socket.

    Args:
        sock: The connection.
        patience_s: How long the peer may take to read a small reply.
    """

    def __init__(self, sock: socket.socket, patience_s: float = PATIENCE_S) -> None:
        self._sock, self._patience_s = sock, patience_s
        self._ready = bytearray()  # whole frames of this tick, not yet handed over
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._broken: str | None = None
        self._closing = False

    def frame(self, payload: bytes) -> None:
        """Send a frame without an id."""
        self._ready += frame_header(len(payload)) + payload

    def reply(self, request_id: bytes, reply: Reply | Later) -> None:
        """Answer a request; small replies wait for :meth:`flush` and leave together.

        Raises:
            PeerError: The peer is gone.
        """
        if isinstance(reply, Later):
            self.flush()
            self._hand_over(_Waiting(request_id, reply, reply.cost_bytes))
            return
        body = reply if isinstance(reply, bytes) else reply.encode()
        self._ready += _head(request_id, len(body)) + body
        if len(self._ready) > _JOIN_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what is ready: at once where nothing waits before it, else after that.

        Raises:
            PeerError: The peer is gone.
        """
        data, self._ready = bytes(self._ready), bytearray()
        if not data:
            return
        with self._changed:
            idle = not self._waiting and self._broken is None
            if idle:
                data = data[self._send_some(data) :]
        if data:
            self._hand_over(_Waiting(None, data, len(data)))

    def _send_some(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise PeerError(str(error)) from error

    def _hand_over(self, item: _Waiting) -> None:
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="replies", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._broken is not None or self._has_room(item))
            if self._broken is not None:
                raise PeerError(self._broken)
            self._waiting.append(item)
            self._waiting_bytes += item.cost_bytes
            self._changed.notify_all()

    def _has_room(self, item: _Waiting) -> bool:
        return not self._waiting or (
            len(self._waiting) < _MAX_WAITING and self._waiting_bytes + item.cost_bytes <= _MAX_WAITING_BYTES
        )

    def close(self) -> None:
        """Wait until all has been sent, or cannot be, and end the thread. The socket stays open."""
        with suppress(PeerError):
            self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    # --- on the sending thread

    def _run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._sock, selectors.EVENT_WRITE)
                while (item := self._next()) is not None:
                    self._send_all(selector, _pieces(item))
                    with self._changed:
                        self._waiting.popleft()
                        self._waiting_bytes -= item.cost_bytes
                        self._changed.notify_all()
        except Exception as error:  # whatever it was, the thread that draws must not wait for this one
            if not isinstance(error, OSError):
                log.exception("sending a reply failed")
            with self._changed:
                self._broken = str(error) or type(error).__name__
                self._waiting.clear()
                self._changed.notify_all()
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for the next request

    def _next(self) -> _Waiting | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return self._waiting[0] if self._waiting else None

    def _send_all(self, selector: selectors.BaseSelector, pieces: Pieces) -> None:
        deadline = time.monotonic() + transfer_s(self._patience_s, sum(len(piece) for piece in pieces))
        for piece in pieces:
            rest = memoryview(piece)
            while len(rest):
                sent = self._send_some(rest)
                rest = rest[sent:]
                left = deadline - time.monotonic()
                if len(rest) and (left <= 0 or not (sent or selector.select(left))):
                    raise PeerError("the client did not take its replies in time")


def _head(request_id: bytes, body_length: int) -> bytes:
    return frame_header(len(request_id) + 1 + body_length) + request_id + b":"


def _pieces(item: _Waiting) -> Pieces:
    """The whole frame of a reply, the large parts where they are."""
    if item.request_id is None:
        assert isinstance(item.body, bytes)
        return [item.body]
    assert isinstance(item.body, Later)
    pieces = made(item.body, "a picture")
    return [_head(item.request_id, sum(len(piece) for piece in pieces)), *pieces]
