import random
import socket
import struct
from contextlib import suppress

import pytest

from spinepose.errors import InputError
from synth.world.protocol import MAGIC, pack_frame
from synth.world.server import open_port, run_world, start_listening


class Peer:
    """The plainest client there is."""

    def __init__(self, address):
        self.sock = socket.create_connection(address, timeout=5)

    def frame(self):
        self.sock.settimeout(5)
        head = self._exactly(8)
        if head is None:
            return None
        magic, length = struct.unpack("<II", head)
        assert magic == MAGIC
        return self._exactly(length)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                return None
            data += chunk
        return data

    def ask(self, text, number=0):
        self.sock.sendall(pack_frame(f"{number}:{text}".encode()))
        return self.frame()

    def close(self):
        self.sock.close()


@pytest.fixture
def peer(address):
    found = Peer(address)
    assert found.frame().startswith(b"connected to ")
    yield found
    found.close()


def test_replies_carry_the_id_of_their_request(peer):
    assert peer.ask("vget /cameras", 5) == b"5:Camera_0"
    assert peer.ask("vget /cameras", 3) == b"3:Camera_0"
    assert peer.ask("vget /cameras", "00012345678901234567890") == b"00012345678901234567890:Camera_0"


def test_a_payload_that_is_no_request_is_ignored(peer):
    peer.sock.sendall(pack_frame(b"vget /cameras") + pack_frame(b"\x00\xff" * 50))
    assert peer.ask("vget /level/name", 1) == b"1:stub"


@pytest.mark.parametrize(
    "poison",
    [
        struct.pack("<II", 1, 4) + b"0:hi",
        struct.pack("<II", MAGIC, 0),
        struct.pack("<II", MAGIC, 300 * 1024 * 1024),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_broken_framing_closes_the_connection_and_the_next_client_is_served(address, poison):
    first = Peer(address)
    first.frame()
    first.sock.sendall(poison)
    with suppress(ConnectionResetError):  # closed with unread bytes
        assert first.sock.recv(1) == b""
    second = Peer(address)
    assert second.frame().startswith(b"connected to ")
    assert second.ask("vget /cameras", 1) == b"1:Camera_0"


def test_random_bytes_never_kill_the_server(address):
    rng = random.Random(0)
    for _ in range(60):
        sock = socket.create_connection(address, timeout=5)
        payload = rng.randbytes(rng.randrange(1, 200))
        sock.sendall(payload if rng.random() < 0.3 else pack_frame(payload)[: rng.randrange(1, 220)])
        sock.close()
    peer = Peer(address)
    assert peer.frame().startswith(b"connected to ")
    assert peer.ask("vget /cameras", 1) == b"1:Camera_0"


def test_strange_commands_are_answered_and_do_no_harm(peer):
    rng = random.Random(1)
    words = [
        "vget",
        "vset",
        "vbp",
        "/camera/0/lit",
        "/camera/9999/lit",
        "png",
        "nan",
        "1e999",
        "9" * 400,
        "{",
        "SpineForge",
    ]
    words += [
        "SetLight",
        "SpawnCharacter",
        '{"a":NaN}',
        "[" * 5000,
        "/object/crate/scale",
        "-0",
        "\x00",
        "ü",
        "vbatch",
    ]
    for number in range(300):
        text = " ".join(rng.choice(words) for _ in range(rng.randrange(0, 6)))
        if text.startswith("vbatch"):
            continue
        assert peer.ask(text, number).startswith(f"{number}:".encode())
    assert peer.ask("vget /cameras", 1) == b"1:Camera_0"


def test_one_client_at_a_time(address):
    first, second = Peer(address), Peer(address)
    first.frame()
    second.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        second.sock.recv(1)
    assert first.ask("vset /camera/0/location 1 2 3", 0) == b"0:ok"
    first.close()
    assert second.frame().startswith(b"connected to ")
    assert (
        second.ask("vget /camera/0/location", 0) == b"0:1.000 2.000 3.000"
    )  # the world outlives its clients


def test_batches_run_once_all_are_queued(peer):
    assert peer.ask("vbatch 3", 0) == b"0:ok"
    for number in (1, 2):
        peer.sock.sendall(pack_frame(f"{number}:vget /cameras".encode()))
    peer.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        peer.sock.recv(1)
    assert peer.ask("nonsense", 3) == b"1:Camera_0"
    assert peer.frame() == b"2:Camera_0"
    assert peer.frame().startswith(b"3:error")
    assert peer.ask("vbatch 0", 4) == b"4:error Argument Invalid"
    assert peer.ask("vget /cameras", 5) == b"5:Camera_0"


def test_a_port_in_use_is_one_line():
    with open_port("127.0.0.1", 0) as taken:
        start_listening(taken)
        port = taken.getsockname()[1]
        message = f"port {port} is in use: stop the other world or give --port"
        with pytest.raises(InputError, match=message):
            open_port("127.0.0.1", port)
        with pytest.raises(InputError, match=message):
            run_world(port)


def test_impossible_ports_and_a_missing_clips_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="99999"):
        open_port("127.0.0.1", 99999)
    with pytest.raises(InputError, match="no folder"):
        run_world(0, clips_dir=tmp_path / "nowhere")
