"""The socket side of the embedded world: one client at a time, on the thread that owns the renderer."""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from spinepose.errors import InputError
from synth.world.protocol import ProtocolError, pack_frame, read_frame, split_request

log = logging.getLogger(__name__)

DEFAULT_PORT = 9000
BANNER = b"connected to spineforge"
_BACKLOG = 16
# A frame that has begun must go on, or one stuck peer would lock all others out.
_FRAME_TIMEOUT_S = 30.0
_MAX_BATCH = 4096
_BATCH = re.compile(r"vbatch (\d{1,9})")

# What a parent process waits for on standard output: this, then host:port.
READY = "spineforge world ready on "

Answer = Callable[[str], str | bytes]


def run_world(
    port: int = DEFAULT_PORT,
    clips_dir: Path | None = None,
    out_dir: Path = Path("runs/world"),
    host: str = "127.0.0.1",
    stop_with_stdin: bool = False,
    empty: bool = False,
) -> None:
    """Serve the embedded world until interrupted, on the calling thread, which owns the GL context.

    Prints one line, ``spineforge world ready on HOST:PORT``, once clients are welcome.

    Args:
        port: TCP port; 0 picks a free one.
        clips_dir: Folder with motion clips (.npz) that clients may play.
        out_dir: The only folder that clients may write files to; made when the first file is.
        host: Address to listen on. The wire has no password: anything but loopback is for closed networks.
        empty: Start without the person that stands before camera 0 to greet newcomers.
        stop_with_stdin: End the process when standard input closes, so that no world outlives its parent.

    Raises:
        InputError: The port is in use, the clips folder is missing, or no GL library is installed.
    """
    if clips_dir is not None and not clips_dir.is_dir():
        raise InputError(f"--clips {clips_dir} is no folder; 'spineforge scenes' makes one with clips")
    if stop_with_stdin:
        threading.Thread(target=_exit_at_end_of_stdin, daemon=True).start()
    listener = open_port(host, port)  # before the slow imports: a port in use is said at once
    with listener:
        from synth.world.places import PLACES
        from synth.world.raster import Renderer
        from synth.world.world import World, greet

        bound_port = listener.getsockname()[1]
        world = World(Renderer(), PLACES, clips_dir, out_dir, port=bound_port)
        if not empty:
            greet(world)
        start_listening(listener)
        sys.stdout.write(f"{READY}{host}:{bound_port}\n")
        sys.stdout.flush()
        serve(listener, world.answer)


def _exit_at_end_of_stdin() -> None:
    # Also after a kill -9 of the parent: the system closes its end of the pipe. Nothing here needs to be saved.
    while os.read(0, 4096):
        pass
    os._exit(0)


def open_port(host: str, port: int) -> socket.socket:
    """Take a port without listening yet: clients are refused, not kept waiting, until the world is ready.

    Raises:
        InputError: The port is taken or may not be opened.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere this option lets two worlds share a port
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return _or_input_error(sock, port, lambda: sock.bind((host, port)))


def start_listening(sock: socket.socket) -> socket.socket:
    """Let clients in.

    Raises:
        InputError: Another process began to listen on the port meanwhile.
    """
    return _or_input_error(sock, sock.getsockname()[1], lambda: sock.listen(_BACKLOG))


def _or_input_error(sock: socket.socket, port: int, step: Callable[[], None]) -> socket.socket:
    try:
        step()
    except (OSError, OverflowError) as error:
        sock.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use: stop the other world or give --port") from error
        raise InputError(f"cannot listen on port {port} ({error}): give another --port") from error
    return sock


def serve(listener: socket.socket, answer: Answer) -> None:
    """Serve clients one after the other until interrupted; further ones wait in the backlog.

    Args:
        listener: A listening socket.
        answer: Turns a command into its reply; must not raise.
    """
    while True:
        connection, peer = listener.accept()
        log.info("client %s:%s connected", *peer[:2])
        with connection:
            try:
                serve_connection(connection, answer)
            except (ProtocolError, OSError) as error:
                log.info("client %s:%s dropped: %s", *peer[:2], error)


def serve_connection(connection: socket.socket, answer: Answer) -> None:
    """Send the banner and answer requests until the peer leaves.

    Raises:
        ProtocolError: The peer broke the framing.
        OSError: The connection broke.
    """
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(pack_frame(BANNER))
    batch = _Batch()
    while (payload := read_frame(connection, _FRAME_TIMEOUT_S)) is not None:
        request = split_request(payload)
        if request is None:
            log.info("ignored a frame of %d bytes that is no request", len(payload))
            continue
        connection.settimeout(_FRAME_TIMEOUT_S)
        for request_id, reply in batch.feed(*request, answer):
            body = reply if isinstance(reply, bytes) else reply.encode()
            connection.sendall(pack_frame(request_id + b":" + body))


@dataclass
class _Batch:
    """``vbatch N``: the next N requests are queued and run together, in order."""

    size: int = 0
    queue: list[tuple[bytes, str]] = field(default_factory=list)

    def feed(self, request_id: bytes, command: str, answer: Answer) -> list[tuple[bytes, str | bytes]]:
        if not self.size:
            match = _BATCH.fullmatch(command)
            if match is None:
                return [(request_id, answer(command))]
            self.size = int(match.group(1))
            if not 0 < self.size <= _MAX_BATCH:
                self.size = 0
                return [(request_id, "error Argument Invalid")]
            return [(request_id, "ok")]
        self.queue.append((request_id, command))
        if len(self.queue) < self.size:
            return []
        queue, self.queue, self.size = self.queue, [], 0
        return [(queued_id, answer(queued)) for queued_id, queued in queue]
