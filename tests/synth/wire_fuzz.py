"""A fuzzer of the embedded world's wire: hostile cases, a player of them, and worlds to play against."""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from synth.body.population import sample_subject
from synth.world.protocol import MAGIC, MAX_PAYLOAD_BYTES, frame_header, pack_frame, read_frame
from synth.world.server import READY, serve, start_listening
from synth.world.world import World, command_table

Address = tuple[str, int]

_HANG_S = 60.0
_CHECK_EVERY = 200
_TEMPLATES = tuple(row.template for row in command_table())
# Each costs a real world a second or more.
_DEAR = ("SetPlace", "SpawnCharacter", "level [str]", "/size")
_NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "+.5",
        "1.",
        ".",
        "-",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e-05",
        "0x10",
        "1_0",
        "1,5",
    ),
    *(
        "9" * 9,
        "9" * 10,
        "9" * 400,
        "-" + "9" * 30,
        "0." + "0" * 300 + "1",
        "1e",
        "٣",
        "１２",
        "²",
        "½",
        "4096",
    ),
    *("65535", "65536", "2147483648", "4294967296", "18446744073709551616", "1000000000.1", "--1", "1 2"),
)
_NAMES = (
    *("crate", "floor", "person", "ann", "none", "SpineForge", "Cube", "stub", "studio", "walk", "Camera_0"),
    *(
        "",
        "*",
        "a/b",
        "a:b",
        "..",
        ".",
        "~",
        "%s%n",
        "$(id)",
        "`id`",
        "a;b",
        "\x00",
        "ü" * 40,
        "x" * 5000,
        "__class__",
    ),
    *(
        "world",
        "component",
        "png",
        "bmp",
        "npy",
        "lit",
        "hand_l,T8",
        ",",
        "{}",
        "[]",
        '{"a":NaN}',
        "[" * 3000,
    ),
)
_VALUES = (0, -1, 1e9, 1e400, float("nan"), 10**400, "", "x" * 3000, None, [], {}, True)
_LIGHTS = ("exposure_ev", "sun_strength", "lamps", "sky_color", "moon", "__class__")
_STEMS = (
    "shot",
    "link",
    "dirlink",
    "con",
    "nul.x",
    "a" * 128,
    "a" * 300,
    ".hidden",
    "-rf",
    "Ünï",
    "a\x00b",
    "x y",
    "",
)
_SUFFIXES = (".png", ".bmp", ".npy", ".PNG", ".tiff", "", ".png/", ".png.", "..png", ".png\x00.npy")
_PREFIXES = (
    "",
    "",
    "../",
    "../outside/",
    "{root}/outside/",
    "/",
    "dirlink/",
    "./",
    "a/../",
    "..\\",
    "C:\\",
    "file://",
    "~/",
)


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of plain values in a JSON value."""
    for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(item, (dict, list)):
            yield from _leaves(item)


@dataclass
class Cases:
    """Makes hostile requests and bytes.

    Args:
        rng: Where all chance comes from.
        root: Folder with the world's ``out`` and with ``outside``, where nothing may appear.
        dear: How often a command that is slow in a real world is let through.
    """

    rng: random.Random
    root: Path
    dear: float = 1.0

    def request(self) -> str:
        """A command: filled with sense or nonsense, then perhaps damaged."""
        while True:
            template = self.rng.choice(_TEMPLATES)
            if any(word in template for word in _DEAR) and self.rng.random() > self.dear:
                continue
            if "[rest]" in template or not template.startswith("vbatch"):
                break
        words = [self._fill(word, template) for word in template.split(" ")]
        for _ in range(self.rng.choice((0, 0, 0, 0, 1, 1, 2, 5))):
            self._damage(words)
        return " ".join(words)

    def _fill(self, word: str, template: str) -> str:
        good = self.rng.random() < 0.75
        if word in ("[uint]", "[float]") or "[uint]" in word:
            number = self.rng.choice(("0", "0", "0", "1", "2", "30")) if good else self.rng.choice(_NUMBERS)
            return word.replace("[uint]", number).replace("[float]", number)
        if "[" not in word:
            return word
        if template.startswith("vget /camera") or "screenshot" in template:
            return self.file_name() if self.rng.random() < 0.7 else self.rng.choice(("png", "bmp", "npy"))
        if "SetLight" in template:
            return self._light()
        if word == "[str]" and "SpawnCharacter" in template and good:
            return self.spec()
        likely = _NAMES[:3] if template.startswith(("vget /object/", "vset /object/")) else _NAMES[:11]
        name = self.rng.choice(likely if good else _NAMES)
        return word.replace("[name]", name).replace("[str]", name).replace("[rest]", name)

    def _light(self) -> str:
        value = self.rng.choice((1, -1, 1e400, "x", None, [1, 2, 3], {"a": []}, float("nan"), 10**400))
        return json.dumps({self.rng.choice(_LIGHTS): value}, separators=(",", ":"))

    def spec(self) -> str:
        """A person's specification with a field or two that make no sense."""
        seed = self.rng.randrange(10)
        spec = json.loads(sample_subject(np.random.default_rng(seed), f"s{seed}").to_json())
        for _ in range(self.rng.randrange(3)):
            holder, key = self.rng.choice(list(_leaves(spec)))
            holder[key] = self.rng.choice(
                (0, -1, 1e9, 1e400, float("nan"), 10**400, "", "x" * 3000, None, [], {}, True)
            )
        return json.dumps(spec, separators=(",", ":")).replace(" ", "_")

    def file_name(self) -> str:
        """A name for a picture, most of them tricks."""
        parts = (self.rng.choice(choices) for choices in (_PREFIXES, _STEMS, _SUFFIXES))
        return "".join(parts).replace("{root}", str(self.root))

    def _damage(self, words: list[str]) -> None:
        at = self.rng.randrange(len(words))
        kind = self.rng.randrange(7)
        if kind == 0 and len(words) > 1:
            del words[at]
        elif kind == 1:
            words.insert(at, self.rng.choice(_NUMBERS + _NAMES))
        elif kind == 2:
            words[at] = words[at][::-1]
        elif kind == 3:
            words[at] += chr(self.rng.choice((0, 9, 11, 13, 32, 127, 0x85, 0x2028, 0x1F600)))
        elif kind == 4 and words[at]:
            cut = self.rng.randrange(len(words[at]))
            words[at] = words[at][:cut] + chr(self.rng.randrange(1, 256)) + words[at][cut + 1 :]
        elif kind == 5:
            words[at] = words[at].replace("/", self.rng.choice(("//", "\\", "/../", "")))
        else:
            words[at] = self.rng.choice(_NUMBERS + _NAMES)

    def payload(self) -> bytes:
        """A payload that is a request, or only looks a little like one."""
        number = self.rng.choice(("0", "7", "007", "9" * 25, "9" * 3000))
        data = f"{number}:{self.request()}".encode("utf-8", errors="surrogatepass")
        if self.rng.random() < 0.15:
            at = self.rng.randrange(len(number) + 1, len(data) + 1)
            data = data[:at] + self.rng.randbytes(self.rng.randrange(1, 30)) + data[at:]
        return data

    def broken_frame(self) -> bytes:
        """Bytes that are no frame, or not a whole one."""
        whole = pack_frame(self.payload())
        kind = self.rng.randrange(8)
        if kind == 0:
            return struct.pack("<II", self.rng.getrandbits(32), 4) + b"0:hi"
        if kind == 1:
            return struct.pack("<II", MAGIC, self.rng.choice((0, MAX_PAYLOAD_BYTES + 1, 2**32 - 1)))
        if kind == 2:
            return frame_header(MAX_PAYLOAD_BYTES) + self.rng.randbytes(self.rng.randrange(2000))
        if kind == 3:
            return whole[: self.rng.randrange(len(whole))]
        if kind == 4:
            return self.rng.randbytes(self.rng.randrange(1, 300))
        if kind == 5:
            return struct.pack(">II", MAGIC, 4) + b"0:hi"
        if kind == 6:
            return b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return whole + self.rng.randbytes(self.rng.randrange(1, 20))


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


# --- worlds


def prepare(root: Path) -> Path:
    """A folder with traps: links in ``out`` that lead to ``outside``. Returns ``out``."""
    outside, out = root / "outside", root / "out"
    outside.mkdir(parents=True)
    out.mkdir()
    (outside / "victim.png").write_bytes(b"precious")
    (out / "link.png").symlink_to(outside / "victim.png")
    (out / "dirlink").symlink_to(outside, target_is_directory=True)
    return out


def strays(root: Path) -> list[str]:
    """What lies where nothing should, and what should have stayed as it was."""
    outside = root / "outside"
    found = [
        str(path)
        for path in root.rglob("*")
        if path.parent != root / "out"
        and path not in (root / "out", outside, outside / "victim.png", root / "log")
    ]
    if (outside / "victim.png").read_bytes() != b"precious":
        found.append("victim.png was written to")
    found += [str(path) for path in (root / "out").iterdir() if path.name.startswith(".part-")]
    return found


@contextmanager
def stub_world(root: Path, patience_s: float) -> Iterator[Address]:
    """A world without GL and bodies, served by a thread here."""
    from tests.synth.conftest import StubBody, StubRenderer, stub_place

    world = World(StubRenderer(), {"stub": stub_place}, None, prepare(root), build=lambda spec: StubBody())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    start_listening(listener)

    def run() -> None:
        with suppress(OSError):
            serve(listener, world.handle, patience_s)

    threading.Thread(target=run, daemon=True).start()
    try:
        yield listener.getsockname()
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def real_world(root: Path, patience_s: float) -> Iterator[tuple[Address, subprocess.Popen[str]]]:
    """The embedded world as a process of its own."""
    command = [
        sys.executable,
        "-m",
        "synth.world",
        "--port",
        "0",
        "--out",
        str(prepare(root)),
        "--stop-with-stdin",
    ]
    command += ["--patience", str(patience_s)]
    with open(root / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )  # fmt: skip
    try:
        assert process.stdout is not None
        host, port = process.stdout.readline().removeprefix(READY).strip().split(":")
        yield (host, int(port)), process
    finally:
        process.kill()
        process.communicate()
