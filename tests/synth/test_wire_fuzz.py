"""A short, seeded run of the fuzzer; ``python -m benchmarks.fuzz`` runs a long one."""

import random
import socket

import pytest

from synth.world.protocol import FrameBuffer, ProtocolError, frame_header, pack_frame
from tests.synth.wire_cases import Cases
from tests.synth.wire_fuzz import Fuzzer
from tests.synth.wire_worlds import prepare, strays, stub_world


@pytest.mark.parametrize("seed", [0, 1])
def test_nonsense_breaks_nothing(tmp_path, seed):
    root = tmp_path / "fuzz"
    root.mkdir()
    with stub_world(root, patience_s=0.1) as address:
        report = Fuzzer(address, Cases(random.Random(seed), root), patience_s=0.1).run(900)
    assert report.cases >= 900
    assert (report.hangs, report.wrong, report.faults) == ([], [], [])
    assert report.answers["ok"] > 10 < report.answers["data"]
    assert strays(root) == []


@pytest.mark.parametrize("trick", ["write", "follow"])
def test_the_fuzzer_sees_stray_files(tmp_path, trick):
    root = tmp_path / "fuzz"
    root.mkdir()
    out = prepare(root)
    assert strays(root) == []
    if trick == "write":
        (out / "dirlink" / "shot.png").write_bytes(b"x")
    else:
        (out / "link.png").write_bytes(b"x")
    assert strays(root)


def test_the_fuzzer_sees_a_server_that_dies(tmp_path):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = listener.getsockname()
    listener.close()
    fuzzer = Fuzzer(address, Cases(random.Random(0), tmp_path), patience_s=0.1)
    fuzzer.check()
    assert fuzzer.report.hangs


def test_frames_come_out_whole_however_they_are_cut():
    rng = random.Random(0)
    payloads = [rng.randbytes(rng.choice((1, 5, 300, 1 << 20, (1 << 20) + 7, 3 << 20))) for _ in range(12)]
    stream = b"".join(map(pack_frame, payloads))
    buffer, at, found = FrameBuffer(), 0, []
    while at < len(stream):
        size = rng.choice((1, 7, 4096, 1 << 18))
        buffer.feed(stream[at : at + size])
        at += size
        while (frame := buffer.take()) is not None:
            found.append(frame)
    assert [frame.payload for frame in found] == [payload[: 1 << 20] for payload in payloads]
    assert [frame.cut for frame in found] == [len(payload) > 1 << 20 for payload in payloads]
    assert buffer.frame_length is None


@pytest.mark.parametrize("length", [0, 256 * 1024 * 1024 + 1])
def test_lengths_that_no_frame_has(length):
    buffer = FrameBuffer()
    buffer.feed(frame_header(length))
    for _ in range(2):
        with pytest.raises(ProtocolError, match=str(length)):
            buffer.take()


def test_a_promised_length_takes_no_memory():
    buffer = FrameBuffer()
    buffer.feed(frame_header(256 * 1024 * 1024))
    for _ in range(40):
        buffer.feed(bytes(1 << 18))
        assert buffer.take() is None
    assert len(buffer._bytes) + len(buffer._kept) <= (1 << 20) + (1 << 18)
