"""UnrealCV's wire: length-prefixed frames, and requests that carry an id."""

from __future__ import annotations

import re
import socket
import struct

MAGIC = 0x9E2B83C1
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
_HEADER = struct.Struct("<II")
_CHUNK_BYTES = 1 << 20
# What the plugin matches; "." stops at a newline, so a request is cut there.
_REQUEST = re.compile(rb"(\d{1,}):(.*)")


class ProtocolError(Exception):
    """The peer broke the framing; the only cure is to close the connection."""


def pack_frame(payload: bytes) -> bytes:
    """Put the magic number and the length before a payload."""
    return _HEADER.pack(MAGIC, len(payload)) + payload


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
    magic, length = _HEADER.unpack(first + _read_exactly(sock, _HEADER.size - 1))
    if magic != MAGIC:
        raise ProtocolError(f"bad magic number 0x{magic:08X}")
    if not 0 < length <= MAX_PAYLOAD_BYTES:
        raise ProtocolError(f"frame of {length} bytes")
    return _read_exactly(sock, length)


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
