import itertools
import random
import signal
import socket
import stat
import struct
import threading
import time
from contextlib import suppress

import pytest

from spinepose.errors import InputError
from synth.world.commands import Later
from synth.world.link import Link, PeerError
from synth.world.protocol import MAGIC, MAX_REQUEST_BYTES, pack_frame
from synth.world.server import (
    TICK_REQUESTS,
    leave_on_terminate,
    open_port,
    run_world,
    serve,
    serve_connection,
    start_listening,
)
from synth.world.unix_socket import socket_path, unix_listener


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


class UnixPeer(Peer):
    """The same over the Unix socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(str(path))


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


# --- many requests in flight


def test_a_pipelined_client_is_answered_in_order_across_slow_and_fast_replies(peer):
    requests = [
        "vset /camera/0/size 320 240",
        "vget /camera/0/lit png",
        "vget /cameras",
        "vget /camera/0/depth npy",
    ]
    peer.sock.sendall(b"".join(pack_frame(f"{n}:{text}".encode()) for n, text in enumerate(requests * 20)))
    for number in range(80):
        frame = peer.frame()
        assert frame.startswith(f"{number}:".encode())
        if number % 4 == 1:
            assert frame.partition(b":")[2].startswith(b"\x89PNG")


def test_small_replies_of_a_tick_leave_together_and_no_tick_has_more_than_32(listen_with):
    answered, sent_after = [], []

    def answer(command):
        answered.append(command)
        return "ok"

    def run(listener):
        connection, _ = listener.accept()
        real = Link.flush
        Link.flush = lambda self: (sent_after.append(len(answered)), real(self))[1]
        try:
            serve_connection(connection, answer)
        finally:
            Link.flush = real

    with listen_with(run) as address:
        client = Peer(address)
        client.frame()
        client.sock.sendall(b"".join(pack_frame(b"%d:x" % n) for n in range(100)))
        assert [client.frame() for _ in range(100)] == [b"%d:ok" % n for n in range(100)]
        client.close()
    steps = [b - a for a, b in itertools.pairwise(sent_after)]
    assert max(steps) <= TICK_REQUESTS == 32


def test_pictures_are_encoded_while_the_next_command_is_answered(listen_with):
    """The thread that answers does not wait for the one that encodes."""
    asked = threading.Event()

    def answer(command):
        if command == "picture":
            return Later(lambda: "late" if asked.wait(5) else "nobody asked", 10)
        asked.set()
        return "ok"

    with listen_with(lambda listener: serve(listener, answer)) as address:
        client = Peer(address)
        client.frame()
        client.sock.sendall(pack_frame(b"1:picture") + pack_frame(b"2:next"))
        assert client.frame() == b"1:late"
        assert client.frame() == b"2:ok"
        client.close()


def test_a_reply_that_cannot_be_made_is_an_error_and_the_next_is_sent(listen_with, caplog):
    def answer(command):
        return Later(lambda: [b"%d" % (1 // int(command))], 10)

    with listen_with(lambda listener: serve(listener, answer)) as address:
        client = Peer(address)
        client.frame()
        assert client.ask("0", 1) == b"1:error ZeroDivisionError in the world; its log says more"
        assert client.ask("1", 2) == b"2:1"
        client.close()


def test_requests_are_answered_after_the_client_stopped_sending(address):
    client = Peer(address)
    client.frame()
    client.sock.sendall(pack_frame(b"1:vget /camera/0/lit npy") + pack_frame(b"2:vget /cameras"))
    client.sock.shutdown(socket.SHUT_WR)
    assert client.frame().startswith(b"1:\x93NUMPY")
    assert client.frame() == b"2:Camera_0"
    assert client.frame() is None


# --- peers that are too slow


@pytest.fixture
def impatient(world, listen_with):
    with listen_with(lambda listener: serve(listener, world.handle, patience_s=0.2)) as found:
        yield found


def test_a_frame_that_trickles_is_given_up(impatient):
    slow = Peer(impatient)
    slow.frame()
    frame = pack_frame(b"1:vget /unrealcv/echo " + b"x" * 1000)

    def trickle():
        for at in range(len(frame) - 1):
            slow.sock.sendall(frame[at : at + 1])
            time.sleep(0.01)

    with pytest.raises(ConnectionError):
        trickle()
    good = Peer(impatient)
    assert good.frame().startswith(b"connected to ")
    assert good.ask("vget /cameras", 1) == b"1:Camera_0"


def test_a_client_that_never_reads_is_given_up_with_bounded_memory(world, impatient):
    deaf = Peer(impatient)
    deaf.frame()
    assert deaf.ask("vset /camera/0/size 320 160") == b"0:ok"
    with suppress(ConnectionError):
        for _ in range(3000):
            deaf.sock.sendall(pack_frame(b"1:vget /camera/0/normal npy") * 100)
    good = Peer(impatient)
    assert good.frame().startswith(b"connected to ")
    assert good.ask("vget /cameras", 1) == b"1:Camera_0"


def test_what_waits_for_a_client_is_bounded():
    near, far = socket.socketpair()
    near.setblocking(False)
    link = Link(near, patience_s=0.3)
    made = []

    def fill():
        for number in range(100):
            link.reply(b"1", Later(lambda n=number: made.append(n) or [bytes(1 << 20)], 64 << 20))

    with pytest.raises(PeerError):
        fill()
    link.close()
    far.close()
    assert len(made) == 1  # the others were dropped with the connection, not encoded for nobody


def test_a_client_may_think_between_two_requests(impatient):
    client = Peer(impatient)
    client.frame()
    time.sleep(0.5)
    assert client.ask("vget /cameras", 1) == b"1:Camera_0"


@pytest.mark.parametrize("extra", [-30, 0, 1, 5 << 20])
def test_an_overlong_request_is_an_error_and_the_next_is_understood(peer, extra):
    text = b"1:vget /unrealcv/echo "
    frame = pack_frame(text + b"y" * (MAX_REQUEST_BYTES - len(text) + extra))
    peer.sock.sendall(frame + pack_frame(b"2:vget /cameras"))
    reply = peer.frame()
    assert reply == b"1:error Argument Invalid" if extra > 0 else reply.endswith(b"yyy")
    assert peer.frame() == b"2:Camera_0"


def test_requests_before_a_broken_frame_are_answered(peer):
    peer.sock.sendall(pack_frame(b"1:vget /cameras") + b"GET / HTTP/1.1\r\n\r\n")
    assert peer.frame() == b"1:Camera_0"
    with suppress(ConnectionResetError):
        assert peer.sock.recv(1) == b""


def test_a_batch_within_a_batch_is_refused_and_an_endless_one_is_cut_off(peer):
    assert peer.ask("vbatch  1", 0) == b"0:ok"
    assert peer.ask("vbatch 2", 1) == b"1:error Argument Invalid"
    assert peer.ask("vbatch 4096", 2) == b"2:ok"
    frame = pack_frame(b"3:" + b"x" * ((1 << 20) - 2))

    def send_for_ever():
        while True:
            peer.sock.sendall(frame)

    with pytest.raises(ConnectionError):
        send_for_ever()


# --- the Unix socket


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_unix_socket_is_private_and_goes_at_the_end(temporary):
    with unix_listener(4321):
        path = temporary / "unrealcv_4321.socket"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path == socket_path(4321)
    assert not path.exists()


def test_a_socket_left_by_a_dead_world_is_replaced(temporary):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_path(4321)))
    left.close()
    with unix_listener(4321) as listener:
        start_listening(listener)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(socket_path(4321)))


@pytest.mark.parametrize("kind", ["file", "link", "folder", "alive"])
def test_whatever_else_has_the_name_is_left_alone(temporary, kind, caplog):
    path = socket_path(4321)
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "file":
            path.write_text("precious")
        elif kind == "link":
            path.symlink_to(temporary / "elsewhere")
        elif kind == "folder":
            path.mkdir()
        else:
            other.bind(str(path))
            other.listen()
        before = path.lstat().st_ino
        with unix_listener(4321) as listener:
            assert listener is None
        assert path.lstat().st_ino == before
    assert "TCP works all the same" in caplog.text


def test_one_client_at_a_time_over_tcp_and_the_unix_socket(temporary, world, listen_with):
    with unix_listener(4321) as beside:
        start_listening(beside)
        with listen_with(lambda listener: serve([listener, beside], world.handle)) as address:
            first = UnixPeer(socket_path(4321))
            assert first.frame().startswith(b"connected to ")
            second = Peer(address)
            second.sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                second.sock.recv(1)
            assert first.ask("vset /camera/0/location 1 2 3", 0) == b"0:ok"
            first.close()
            assert second.frame().startswith(b"connected to ")
            assert second.ask("vget /camera/0/location", 0) == b"0:1.000 2.000 3.000"
            second.close()
            third = UnixPeer(socket_path(4321))
            assert third.frame().startswith(b"connected to ")
            third.close()


def test_a_second_polite_kill_does_not_cut_the_first_one_short() -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        leave_on_terminate()
        with pytest.raises(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # meanwhile files are put away: nothing may be raised
    finally:
        signal.signal(signal.SIGTERM, before)
