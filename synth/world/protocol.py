"""UnrealCV's wire: length-prefixed frames, and requests that carry an id."""

from __future__ import annotations

import re
import socket
import struct
from typing import NamedTuple

MAGIC = 0x9E2B83C1
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
#: No command is as long as this. Longer frames are read to their end, as the wire allows them, but not kept.
MAX_REQUEST_BYTES = 1 << 20
_HEADER = struct.Struct("<II")
_CHUNK_BYTES = 1 << 20
# What the plugin matches; "." stops at a newline, so a request is cut there.
_REQUEST = re.compile(rb"(\d{1,}):(.*)")


class ProtocolError(Exception):
    """The peer broke the framing; the only cure is to close the connection."""


def frame_header(length: int) -> bytes:
    """The magic number and the length that stand before a payload."""
    return _HEADER.pack(MAGIC, length)


def pack_frame(payload: bytes) -> bytes:
    """Put the magic number and the length before a payload."""
    return frame_header(len(payload)) + payload


def _checked_length(header: bytes | bytearray) -> int:
    magic, length = _HEADER.unpack(header)
    if magic != MAGIC:
        raise ProtocolError(f"bad magic number 0x{magic:08X}")
    if not 0 < length <= MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"frame of {length} bytes")
    return length


class Frame(NamedTuple):
    """A payload; ``cut`` where it was longer than :data:`MAX_REQUEST_BYTES` and only its start was kept."""

    payload: bytes
    cut: bool


class FrameBuffer:
    """Takes bytes as they come and gives whole frames; it never holds more than a request may be long.

    Bytes fed at once should be few (a socket read): all of them are held until their frames are taken.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._start = 0  # of what has not been taken yet
        self._length: int | None = None  # of the frame that has begun
        self._skip = 0  # bytes of an overlong frame that are still to come
        self._kept = b""

    @property
    def frame_length(self) -> int | None:
        """Length of the frame that has begun, 0 where its header is not whole yet, None between two frames."""
        if self._length is not None:
            return self._length
        return 0 if len(self._bytes) > self._start else None

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        if self._skip:
            dropped = min(self._skip, len(data))
            self._skip -= dropped
            data = data[dropped:]
        self._bytes += data

    def take(self) -> Frame | None:
        """The next whole frame, or None until more bytes come.

        Raises:
            ProtocolError: Bad magic number, length 0 or over 256 MiB.
        """
        if self._length is None:
            if len(self._bytes) - self._start < _HEADER.size:
                return self._wait_for_more()
            self._length = _checked_length(self._bytes[self._start : self._start + _HEADER.size])
            self._start += _HEADER.size
        if self._length > MAX_REQUEST_BYTES:
            return self._take_overlong(self._length)
        end = self._start + self._length
        if len(self._bytes) < end:
            return self._wait_for_more()
        payload = bytes(self._bytes[self._start : end])
        self._start, self._length = end, None
        return Frame(payload, False)

    def _take_overlong(self, length: int) -> Frame | None:
        if not self._kept:
            if len(self._bytes) - self._start < MAX_REQUEST_BYTES:
                return self._wait_for_more()
            self._kept = bytes(self._bytes[self._start : self._start + MAX_REQUEST_BYTES])
            self._start += MAX_REQUEST_BYTES
            here = min(len(self._bytes) - self._start, length - MAX_REQUEST_BYTES)
            self._start += here
            self._skip = length - MAX_REQUEST_BYTES - here
        if self._skip:
            return self._wait_for_more()
        kept, self._kept, self._length = self._kept, b"", None
        return Frame(kept, True)

    def _wait_for_more(self) -> Frame | None:
        del self._bytes[: self._start]
        self._start = 0
        return None


def read_frame(sock: socket.socket, rest_timeout_s: float | None = None) -> bytes | None:
    """Read one frame.

    Args:
        sock: A connected stream socket in blocking mode. Waiting for the first byte has no limit.
        rest_timeout_s: How long each later piece of a frame that has begun may take; None for no limit.

    Returns:
        The payload, or None where the peer closed the connection between two frames.

    Raises:
        ProtocolError: Bad magic number, length 0 or over 256 MiB, or closed within a frame.
        OSError: The connection broke or the rest of a frame did not come in time.
    """
    sock.settimeout(None)
    first = sock.recv(1)
    if not first:
        return None
    sock.settimeout(rest_timeout_s)
    return _read_exactly(sock, _checked_length(first + _read_exactly(sock, _HEADER.size - 1)))


def _read_exactly(sock: socket.socket, count: int) -> bytes:
    # Memory grows with what arrives, never with what the header promises.
    received = bytearray()
    while len(received) < count:
        chunk = sock.recv(min(count - len(received), _CHUNK_BYTES))
        if not chunk:
            raise ProtocolError("connection closed within a frame")
        received += chunk
    return bytes(received)


def split_request(payload: bytes) -> tuple[bytes, str] | None:
    """Split ``id:command``.

    Returns:
        The id as the client wrote it and the command up to the first newline; None where the payload is no request.
    """
    match = _REQUEST.match(payload)
    if match is None:
        return None
    return match.group(1), match.group(2).decode("utf-8", errors="replace").strip()
