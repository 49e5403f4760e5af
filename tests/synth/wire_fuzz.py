"""A fuzzer of the embedded world's wire: plays hostile cases against a world."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from synth.world.protocol import pack_frame, read_frame
from tests.synth.wire_cases import Cases

Address = tuple[str, int]

_HANG_S = 60.0
_CHECK_EVERY = 200


@dataclass
class Report:
    """What happened."""

    kinds: Counter[str] = field(default_factory=Counter)
    hangs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    @property
    def cases(self) -> int:
        return sum(self.kinds.values())


class Fuzzer:
    """Plays cases against a world and sees to it that a good client is served in between.

    Args:
        address: Where the world listens.
        cases: Makes the cases.
        patience_s: The world's own patience with slow peers.
    """

    def __init__(self, address: Address, cases: Cases, patience_s: float) -> None:
        self.address, self.cases, self.patience_s = address, cases, patience_s
        self.report = Report()

    def run(self, count: int) -> Report:
        """Play at least so many cases."""
        acts: list[tuple[Callable[[], None], float]] = [
            (self.commands, 1.0),
            (self.broken, 1.0),
            (self.connects, 0.3),
            (self.half_open, 0.05),
            (self.slow_loris, 0.01),
            (self.deaf, 0.02),
            (self.overlong, 0.01),
            (self.batch, 0.1),
            (self.people, 0.3),
        ]
        checked = 0
        while self.report.cases < count and not self.report.hangs:
            act = self.cases.rng.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
            self._timed(act)
            if self.report.cases - checked >= _CHECK_EVERY:
                checked = self.report.cases
                self.check()
        self.check()
        return self.report

    def _timed(self, act: Callable[[], None]) -> None:
        begin = time.monotonic()
        try:
            act()
        except TimeoutError:
            self.report.hangs.append(f"{act.__name__} was not answered in {_HANG_S:g} s")
        except ConnectionError as error:  # the world may drop what is broken, but nothing else
            if act not in (self.broken, self.slow_loris, self.deaf):
                self.report.wrong.append(f"{act.__name__}: {error!r}")
        self.report.slowest_s = max(self.report.slowest_s, time.monotonic() - begin)

    def connect(self) -> socket.socket:
        """A client that has its banner."""
        sock = socket.create_connection(self.address, timeout=_HANG_S)
        banner = read_frame(sock, _HANG_S)
        if banner is not None and not banner.startswith(b"connected"):
            self.report.wrong.append(f"banner {banner[:80]!r}")
        sock.settimeout(_HANG_S)
        return sock

    def check(self) -> None:
        """A good client is served as ever."""
        try:
            with self.connect() as sock:
                sock.sendall(pack_frame(b"5:vget /unrealcv/version"))
                reply = _reply(sock)
                if reply != b"5:1.1.0":
                    self.report.wrong.append(f"a good client got {reply[:80]!r}")
        except OSError as error:
            self.report.hangs.append(f"a good client was not served: {error!r}")

    def commands(self) -> None:
        """Requests in good frames, pipelined: each is answered, in order, under its id."""
        payloads = [self.cases.payload() for _ in range(self.cases.rng.randrange(1, 40))]
        self.report.kinds["requests"] += len(payloads)
        self._ask(payloads)

    def people(self) -> None:
        """Somebody odd, looked at and measured."""
        self.report.kinds["people"] += 1
        requests = (
            f"vbp SpineForge SpawnCharacter ann {self.cases.spec()}",
            f"vset /object/ann/scale {self.cases.rng.choice(('1 1 1', '.001 1000 1', '1000 1000 1000'))}",
            f"vset /object/ann/location {self.cases.rng.choice(('0 0 0', '999999999 0 0', '-360 0 150'))}",
            "vget /camera/0/lit npy",
            "vget /object/ann/bounds",
            "vget /object/ann/bones world",
            "vget /object/ann/vertex_location",
            "vbp SpineForge GetMarkers ann",
            "vset /object/ann/destroy",
        )
        self._ask([f"{number}:{request}".encode() for number, request in enumerate(requests)])

    def _ask(self, payloads: list[bytes]) -> None:
        with self.connect() as sock:
            sender = threading.Thread(
                target=_send, args=(sock, b"".join(map(pack_frame, payloads))), daemon=True
            )
            sender.start()
            for payload in payloads:
                reply = _reply(sock)
                wanted = payload[: payload.index(b":") + 1]
                if not reply.startswith(wanted):
                    self.report.wrong.append(f"{payload[:200]!r} was answered {reply[:80]!r}")
                    continue
                self.report.answers[_kind_of(reply[len(wanted) :])] += 1
                if b" in the world; its log says more" in reply[-60:]:
                    self.report.faults.append(f"{payload[:300]!r}: {reply[len(wanted) :]!r}")
            sender.join()

    def broken(self) -> None:
        self.report.kinds["broken frames"] += 1
        with self.connect() as sock:
            _send(sock, self.cases.broken_frame())
            if self.cases.rng.random() < 0.5:
                _reset(sock)

    def connects(self) -> None:
        """Many clients at once that leave without a word."""
        count = self.cases.rng.randrange(1, 60)
        self.report.kinds["connects"] += count
        socks = []
        for _ in range(count):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(self.address)
            socks.append(sock)
        for sock in socks:
            if self.cases.rng.random() < 0.5:
                _reset(sock)
            sock.close()

    def half_open(self) -> None:
        """A client that stops to send but goes on reading still gets its answers."""
        self.report.kinds["half-open"] += 1
        with self.connect() as sock:
            sock.sendall(pack_frame(b"1:vget /cameras") * 5)
            sock.shutdown(socket.SHUT_WR)
            for _ in range(5):
                if not _reply(sock).startswith(b"1:"):
                    self.report.wrong.append("a half-open client was not answered")

    def slow_loris(self) -> None:
        """A frame that never ends: the world gives up before long, however it trickles."""
        self.report.kinds["slow loris"] += 1
        with self.connect() as sock:
            frame = pack_frame(b"1:vget /unrealcv/echo " + b"x" * 1000)
            limit = time.monotonic() + self.patience_s + 10
            for at in range(len(frame) - 1):
                if time.monotonic() > limit:
                    self.report.hangs.append("a slow loris was let be")
                    return
                sock.sendall(frame[at : at + 1])  # raises once the world has hung up
                time.sleep(self.patience_s / 20)

    def deaf(self) -> None:
        """A client that asks for much and reads nothing."""
        self.report.kinds["deaf"] += 1
        with self.connect() as sock:
            sock.settimeout(self.patience_s + 20)
            data = b"".join(
                pack_frame(b"%d:vget /camera/0/%s npy" % (n, self.cases.rng.choice((b"lit", b"normal"))))
                for n in range(400)
            )
            with suppress(TimeoutError):
                for _ in range(5000):
                    sock.sendall(data)
            if self.cases.rng.random() < 0.7:
                _reset(sock)

    def overlong(self) -> None:
        """A frame that is legal and absurd; the answer is an error, and the next request is understood."""
        self.report.kinds["overlong frames"] += 1
        length = self.cases.rng.choice((1 << 20, (1 << 20) + 1, 3 << 20, 16 << 20))
        with self.connect() as sock:
            body = b"8:vget /unrealcv/echo " + b"y" * length
            _send(sock, pack_frame(body) + pack_frame(b"9:vget /cameras"))
            for number in (b"8:", b"9:"):
                if not _reply(sock).startswith(number):
                    self.report.wrong.append("an overlong frame was not answered")

    def batch(self) -> None:
        """Batches that are whole, cut, empty, or too large."""
        size = self.cases.rng.choice((0, 1, 5, 5000, 999999999))
        self.report.kinds["batches"] += 1
        with self.connect() as sock:
            frames = [b"1:vbatch %d" % size] + [
                self.cases.payload() for _ in range(self.cases.rng.randrange(6))
            ]
            _send(sock, b"".join(map(pack_frame, frames)))
            if not _reply(sock).startswith(b"1:"):
                self.report.wrong.append("vbatch was not answered")


def _send(sock: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        sock.sendall(data)


def _reply(sock: socket.socket) -> bytes:
    reply = read_frame(sock, _HANG_S)
    if reply is None:
        raise ConnectionResetError("closed")
    return reply


def _kind_of(reply: bytes) -> str:
    if not reply.startswith(b"error"):
        return "ok" if reply == b"ok" else "data"
    return "no handler" if b"No handler" in reply else "error"


def _reset(sock: socket.socket) -> None:
    """Close with a reset, as a crashing client does."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
