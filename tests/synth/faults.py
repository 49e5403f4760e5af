"""A proxy between driver and world that spoils one reply: what engines do to those who trust them."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

import cv2
import numpy as np

from synth.world.protocol import pack_frame

# What is in a reply; a fault that needs a picture cannot befall a text.
TEXT, LIT, DEPTH, MASK, PARTS, TRUTH = "text", "lit", "depth", "mask", "parts", "truth"
PICTURES = (LIT, DEPTH, MASK, PARTS)


def fault_named(name: str) -> Fault:
    return next(fault for fault in FAULTS if fault.name == name)


def command_kind(command: str) -> str:
    """The command without what differs from call to call: ``vset /object/[name]/location``."""
    words = command.split()
    if words[0] == "vbp":
        return " ".join(words[:3])
    uri = re.sub(r"(?<=/camera/)\d+", "[index]", words[1])
    picture = uri.rpartition("/")[2] in ("lit", "depth", "object_mask", "part_mask")
    return " ".join([words[0], re.sub(r"(?<=/object/)[^/]+", "[name]", uri), *(words[2:] if picture else [])])


def as_command(kind: str) -> str:
    """Some command of a kind."""
    return kind.replace("[name]", "ann").replace("[index]", "1") + " x"


def content(command: str) -> str:
    """What the reply to a command holds."""
    for word, kind in (("/lit ", LIT), ("/depth ", DEPTH), ("/object_mask ", MASK), ("/part_mask ", PARTS)):
        if word in command:
            return kind
    return TRUTH if "GetMarkers" in command or "GetAuthored" in command else TEXT


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one reply.

    Attributes:
        name: What it is called.
        kinds: Contents of replies that it can befall; empty for all.
    """

    name: str
    kinds: tuple[str, ...] = ()

    def befalls(self, command: str) -> bool:
        if self.name == "ignored":  # answered as if it had been done
            return bool(
                re.match(r"vset /(object/[^/]+/(location|rotation|color)|camera/\d+/\w+) ", command)
            ) or ("PlayClip" in command)
        return not self.kinds or content(command) in self.kinds


FAULTS = tuple(
    Fault(*row)
    for row in (
        ("silence",),
        ("hang",),
        ("drop",),
        ("cut frame",),
        ("late",),
        ("wrong id",),
        ("garbage",),
        ("error text",),
        ("ignored",),
        ("kill",),
        ("black picture", (LIT,)),
        ("wrong size", PICTURES),
        ("cut picture", PICTURES),
        ("stale picture", PICTURES),
        ("nan depth", (DEPTH,)),
        ("empty mask", (MASK, PARTS)),
        ("reply of another frame", (TRUTH,)),
        ("half the markers", (TRUTH,)),
    )
)


@dataclass
class Plan:
    """Spoil one reply.

    Attributes:
        fault: How.
        kind: Kind of the command (see :func:`command_kind`), or None for any.
        number: Which of the replies of that kind that the fault can befall, from 0.
    """

    fault: Fault
    kind: str | None = None
    number: int = 0
    done: bool = False
    seen: int = 0

    def hits(self, command: str) -> bool:
        if self.done or (self.kind is not None and command_kind(command) != self.kind):
            return False
        if not self.fault.befalls(command):
            return False
        self.seen += 1
        self.done = self.seen > self.number
        return self.done


@dataclass
class FaultProxy:
    """Listens on loopback, passes on to a world, and spoils replies by plan; a context manager that gives itself.

    Attributes:
        upstream: The world's address.
        kill: Ends the world; for the fault ``kill``.
        late_s: How late ``late`` is.
        plans: What to spoil; each once, one after the other: the next one waits for the next connection, so that
            each fault must be noticed by itself.
        counts: Commands that passed, by kind.
        log: Faults that happened: name and command.
    """

    upstream: tuple[str, int]
    kill: Callable[[], None] = lambda: None
    late_s: float = 1.0
    plans: list[Plan] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> FaultProxy:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closing = threading.Event()
        self._earlier: dict[tuple[str, str], list[bytes]] = {}
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def address(self) -> tuple[str, int]:
        return self._listener.getsockname()[:2]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _armed(self) -> Plan | None:
        return next((plan for plan in self.plans if not plan.done), None)

    def _serve(self, client: socket.socket) -> None:
        """One client; requests are passed on one by one, so that each reply's command is known."""
        with suppress(OSError), client, socket.create_connection(self.upstream, 5.0) as world:
            world.settimeout(60.0)
            try:
                self._pass_on(client, world)
            finally:
                for sock in (client, world):  # a reader of the socket would keep it open beyond its close
                    with suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, client: socket.socket, world: socket.socket) -> None:
        replies = frames(world)
        client.sendall(pack_frame(next(replies)))
        plan = self._armed()
        for payload in frames(client):
            number, _, words = payload.partition(b":")
            command = words.decode()
            kind = command_kind(command)
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if plan is not None and plan.done and plan.fault.name == "ignored":
                plan = self._armed()  # nobody need notice that what was so already was not set again
            if plan is None or not plan.hits(command):
                world.sendall(pack_frame(payload))
                reply = next(replies)
                self._remember(kind, command, reply)
                client.sendall(pack_frame(reply))
            elif not self._spoil(plan, client, world, replies, number, command):
                return

    def _remember(self, kind: str, command: str, reply: bytes) -> None:
        # Of the same thing at another moment: pictures by camera, truth by person.
        if content(command) != TEXT:
            kept = self._earlier.setdefault((kind, command), [])
            body = reply.partition(b":")[2]
            if not kept or kept[-1] != body:
                kept.append(body)
            del kept[:-2]

    def _spoil(
        self, plan: Plan, client, world, replies: Iterator[bytes], number: bytes, command: str
    ) -> bool:  # type: ignore[no-untyped-def]
        """Do it; returns whether the connection lives on."""
        name = plan.fault.name
        self.log.append((name, command[:80]))
        if name == "kill":
            self.kill()
            return False
        if name == "ignored":
            client.sendall(pack_frame(number + b":" + self._as_if_done(command)))
            return True
        world.sendall(pack_frame(number + b":" + command.encode()))
        true = next(replies)
        body = true.partition(b":")[2]
        if name == "silence":
            for _ in frames(client):  # until the client gives up
                pass
        if name == "hang":  # the world's only seat stays taken
            self._closing.wait(60.0)
            return False
        if name == "drop":
            return False
        if name == "cut frame":
            client.sendall(pack_frame(true)[: -max(len(body) // 2, 1)])
            return False
        if name == "garbage":
            client.sendall(b"\x00" * 64)
            return True
        if name == "late":
            time.sleep(self.late_s)
            client.sendall(pack_frame(true))
            return True
        if name == "wrong id":
            client.sendall(pack_frame(b"%d:" % (int(number) + 7) + body))
            return True
        spoiled = self._spoiled(name, command, body)
        if spoiled is None:  # nothing earlier to mistake it for: the next one is spoiled
            plan.done = False
            self.log.pop()
            spoiled = body
            self._remember(command_kind(command), command, true)
        client.sendall(pack_frame(number + b":" + spoiled))
        return True

    def _as_if_done(self, command: str) -> bytes:
        """What the world says to a command that it then forgets; clips have 10 or more frames at their rate."""
        if "PlayClip" not in command:
            return b"ok"
        return self.played(command.split()[4], float(command.split()[5]))

    def played(self, clip: str, time_s: float) -> bytes:
        """The reply to ``PlayClip`` of the tests' clip; who has other clips replaces it."""
        return self.as_played(clip, round(time_s * 10), 11, 10.0)

    @staticmethod
    def as_played(clip: str, frame: int, frames: int, fps: float) -> bytes:
        return json.dumps({"clip": clip, "frame": frame, "frames": frames, "fps": fps}).encode()

    def _spoiled(self, name: str, command: str, body: bytes) -> bytes | None:
        if name == "error text":
            return b"error Argument Invalid"
        if name == "cut picture":
            return body[: len(body) // 2]
        if name == "black picture":
            return _picture(np.zeros_like(_decoded(body)), body)
        if name == "wrong size":
            return _picture(_decoded(body)[:-2, :-2], body)
        if name == "empty mask":
            return _picture(np.zeros_like(_decoded(body)), body)
        if name == "nan depth":
            depth = _decoded(body).copy()
            depth[0, :4] = np.nan
            return _picture(depth, body)
        if name == "half the markers":
            return body[: len(body) // 2]
        if name in ("stale picture", "reply of another frame"):
            earlier = self._earlier.get((command_kind(command), command), [])
            return next((kept for kept in reversed(earlier) if kept != body), None)
        raise ValueError(name)


def frames(sock: socket.socket) -> Iterator[bytes]:
    """Payloads that come; ends with the connection."""
    stream = sock.makefile("rb")
    while True:
        header = stream.read(8)
        if len(header) < 8:
            raise ConnectionError("closed")
        payload = stream.read(int.from_bytes(header[4:], "little"))
        yield payload


def _decoded(body: bytes) -> np.ndarray:
    if body.startswith(b"\x93NUMPY"):
        return np.load(BytesIO(body))
    return cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)


def _picture(values: np.ndarray, like: bytes) -> bytes:
    if like.startswith(b"\x93NUMPY"):
        buffer = BytesIO()
        np.save(buffer, values)
        return buffer.getvalue()
    return cv2.imencode(".png" if like.startswith(b"\x89") else ".bmp", values)[1].tobytes()
