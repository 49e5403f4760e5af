import socket
import struct

import pytest

from synth.world.protocol import (
    MAGIC,
    MAX_PAYLOAD_BYTES,
    ProtocolError,
    pack_frame,
    read_frame,
    split_request,
)


def fed(data: bytes) -> socket.socket:
    near, far = socket.socketpair()
    far.sendall(data)
    far.close()
    return near


def test_frame_bytes_are_those_of_the_published_wire():
    assert pack_frame(b"7:ok") == b"\xc1\x83\x2b\x9e" + b"\x04\x00\x00\x00" + b"7:ok"


def test_frames_survive_arriving_in_pieces_and_together():
    near, far = socket.socketpair()
    both = pack_frame(b"one") + pack_frame(b"two" * 100)
    for start in range(0, len(both), 7):
        far.sendall(both[start : start + 7])
    far.close()
    assert read_frame(near) == b"one"
    assert read_frame(near) == b"two" * 100
    assert read_frame(near) is None


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<II", MAGIC + 1, 4),
        struct.pack("<II", MAGIC, 0),
        struct.pack("<II", MAGIC, MAX_PAYLOAD_BYTES + 1),
        struct.pack("<II", MAGIC, 0xFFFFFFFF),
        struct.pack(">II", MAGIC, 4),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_broken_headers_are_refused(header):
    with pytest.raises(ProtocolError):
        read_frame(fed(header + b"abcd"))


def test_cut_frames_are_refused_and_a_promised_length_costs_no_memory():
    with pytest.raises(ProtocolError):
        read_frame(fed(pack_frame(b"hello")[:-1]))
    with pytest.raises(ProtocolError):
        read_frame(fed(struct.pack("<II", MAGIC, MAX_PAYLOAD_BYTES) + b"x"))
    with pytest.raises(ProtocolError):
        read_frame(fed(b"\xc1\x83"))


def test_a_frame_that_stalls_ends_by_its_deadline():
    near, far = socket.socketpair()
    far.sendall(pack_frame(b"hello")[:-1])
    with pytest.raises(TimeoutError):
        read_frame(near, rest_timeout_s=0.05)
    far.close()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"12:vget /cameras", (b"12", "vget /cameras")),
        (b"12:vget /cameras\nvget /objects", (b"12", "vget /cameras")),
        (b"9" * 5000 + b":x", (b"9" * 5000, "x")),
        (b"0:", (b"0", "")),
        (b"3:a:b", (b"3", "a:b")),
        (b"vget /cameras", None),
        (b":x", None),
        (b"-1:x", None),
        (b"\x89PNG\xff\xfe", None),
        (b"1:\xff\xfe", (b"1", "\ufffd\ufffd")),
    ],
)
def test_split_request(payload, expected):
    assert split_request(payload) == expected
