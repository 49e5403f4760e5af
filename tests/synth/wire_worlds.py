"""Worlds to fuzz, and what they should have left alone."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from synth.world.server import READY, serve, start_listening
from synth.world.world import World
from tests.synth.wire_fuzz import Address


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
