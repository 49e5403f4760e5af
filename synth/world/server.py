"""The socket side of the embedded world: one client at a time, on the thread that owns the renderer."""

from __future__ import annotations

import _thread
import errno
import logging
import os
import re
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from spinepose.errors import InputError
from synth.world.commands import ARGUMENT_INVALID, Later, Reply
from synth.world.link import PATIENCE_S, Link, transfer_s
from synth.world.protocol import Frame, FrameBuffer, ProtocolError, split_request
from synth.world.unix_socket import unix_listener

log = logging.getLogger(__name__)

DEFAULT_PORT = 9000
BANNER = b"connected to spineforge"
_BACKLOG = 128
_READ_BYTES = 1 << 18
#: As many requests as upstream answers in one tick of its game; here, those whose small replies leave together.
TICK_REQUESTS = 32
_LEAVE_S = 1.0
_MAX_BATCH = 4096
_MAX_BATCH_BYTES = 64 * 1024 * 1024
_BATCH = re.compile(r"vbatch ([0-9]{1,9})")

# What a parent process waits for on standard output: this, then host:port.
READY = "spineforge world ready on "

Answer = Callable[[str], Reply | Later]


def run_world(
    port: int = DEFAULT_PORT,
    clips_dir: Path | None = None,
    out_dir: Path = Path("runs/world"),
    host: str = "127.0.0.1",
    stop_with_stdin: bool = False,
    empty: bool = False,
    unix_socket: bool | None = None,
    quality: str = "fine",
    backdrops: Path | None = None,
    panoramas: Path | None = None,
    patience_s: float = PATIENCE_S,
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
        unix_socket: Whether to serve ``unrealcv_<port>.socket`` in the temporary folder too. None: unless the
            world is some process's child (``stop_with_stdin``), which may be killed and would leave the file.
        quality: ``fine`` or ``fast``: what the renderer spends on a picture.
        backdrops: Folder with photographs for the place ``backdrop``.
        panoramas: Folder with equirectangular panoramas for the place ``panorama``.
        patience_s: How long a frame that has begun, or a reply, may take to come through.

    Raises:
        InputError: The port is in use, a folder is missing, or no GL library is installed.
    """
    if clips_dir is not None and not clips_dir.is_dir():
        raise InputError(f"--clips {clips_dir} is no folder; 'spineforge scenes' makes one with clips")
    if stop_with_stdin:
        threading.Thread(target=_exit_at_end_of_stdin, daemon=True).start()
    leave_on_terminate()
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(open_port(host, port))
        ]  # before the slow imports: a port in use shows
        from synth.world.places import PLACES
        from synth.world.world import World, greet, make_renderer

        # What bodies need of linear algebra is small: waiting threads of it took a quarter of a body's CPU seconds.
        # The limit holds for libraries that are loaded by now.
        stack.enter_context(threadpool_limits(1, user_api="blas"))
        bound_port = listeners[0].getsockname()[1]
        photos = _photo_places(backdrops, panoramas)
        world = World(
            make_renderer(quality), PLACES, clips_dir, out_dir, port=bound_port, quality=quality, photo_places=photos
        )  # fmt: skip
        if not empty:
            greet(world)
        beside = None
        if unix_socket or (unix_socket is None and not stop_with_stdin):
            beside = stack.enter_context(unix_listener(bound_port))
        for listener in filter(None, (*listeners, beside)):
            start_listening(listener)
        sys.stdout.write(f"{READY}{host}:{bound_port}\n")
        sys.stdout.flush()
        serve([*listeners, beside] if beside else listeners, world.handle, patience_s)


def _photo_places(backdrops: Path | None, panoramas: Path | None) -> dict[str, Callable[[int], Any]]:
    for option, folder in (("--backdrops", backdrops), ("--panoramas", panoramas)):
        if folder is not None and not folder.is_dir():
            raise InputError(f"{option} {folder} is no folder; give one with pictures")
    if backdrops is None and panoramas is None:
        return {}
    from synth.world.photo_places import photo_places

    return photo_places(backdrops, panoramas)


def _exit_at_end_of_stdin() -> None:
    # Also after a kill -9 of the parent: the system closes its end of the pipe.
    while os.read(0, 4096):
        pass
    _thread.interrupt_main(signal.SIGTERM)  # lets the Unix socket's file go
    time.sleep(_LEAVE_S)
    os._exit(0)  # the thread that draws may be deep in a driver: leave without it


def leave_on_terminate() -> None:
    """Let a polite kill run what ends a world: its Unix socket's file goes."""

    def leave(*_: object) -> None:
        # Once is enough: another one (standard input may close too) would cut the leaving short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    with suppress(ValueError):  # on another thread signals are somebody else's
        signal.signal(signal.SIGTERM, leave)


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
    name = sock.getsockname()
    return _or_input_error(sock, name[1] if isinstance(name, tuple) else name, lambda: sock.listen(_BACKLOG))


def _or_input_error(sock: socket.socket, port: int | str, step: Callable[[], None]) -> socket.socket:
    try:
        step()
    except (OSError, OverflowError) as error:
        sock.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise InputError(f"port {port} is in use: stop the other world or give --port") from error
        raise InputError(f"cannot listen on port {port} ({error}): give another --port") from error
    return sock


def serve(
    listeners: socket.socket | Sequence[socket.socket], answer: Answer, patience_s: float = PATIENCE_S
) -> None:
    """Serve clients one after the other until interrupted; further ones wait in the backlog.

    Args:
        listeners: Listening sockets; a client of one keeps those of the others waiting too.
        answer: Turns a command into its reply; must not raise.
        patience_s: How long a frame that has begun, or a reply, may take to come through.

    Raises:
        OSError: A listener was closed.
    """
    if isinstance(listeners, socket.socket):
        listeners = [listeners]
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                assert isinstance(key.fileobj, socket.socket)
                _serve_one(key.fileobj, answer, patience_s)


def _serve_one(listener: socket.socket, answer: Answer, patience_s: float) -> None:
    try:
        connection, peer = listener.accept()
    except OSError as error:
        if listener.fileno() < 0 or error.errno in (errno.EINVAL, errno.EBADF):
            raise
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            time.sleep(0.1)  # the system is short of something; clients wait in the backlog meanwhile
        return  # else the client left before its turn
    name = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "of the Unix socket"
    log.info("client %s connected", name)
    with connection:
        try:
            serve_connection(connection, answer, patience_s)
        except (ProtocolError, OSError) as error:
            log.info("client %s dropped: %s", name, error)


def serve_connection(connection: socket.socket, answer: Answer, patience_s: float = PATIENCE_S) -> None:
    """Send the banner and answer requests until the peer leaves.

    Raises:
        ProtocolError: The peer broke the framing.
        OSError: The connection broke, or the peer was too slow to send a frame or to take a reply.
    """
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setblocking(False)
    link = Link(connection, patience_s)
    try:
        link.frame(BANNER)
        link.flush()
        batch = _Batch()
        for tick in _ticks(connection, patience_s):
            for frame in tick:
                _answer_frame(frame, batch, link, answer)
            link.flush()
    finally:
        link.close()


def _answer_frame(frame: Frame, batch: _Batch, link: Link, answer: Answer) -> None:
    request = split_request(frame.payload)
    if request is None:
        log.info("ignored a frame that is no request")
    elif frame.cut:
        link.reply(request[0], ARGUMENT_INVALID)
    else:
        for request_id, command in batch.feed(*request, link):
            link.reply(request_id, answer(command))


def _ticks(sock: socket.socket, patience_s: float) -> Iterator[list[Frame]]:
    """Read frames from a non-blocking socket: at least one and as many as one tick answers, until the peer closes."""
    frames, begun = FrameBuffer(), None
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while True:
            tick = _take(frames)
            if tick:
                yield tick
                begun = None
                continue
            length = frames.frame_length
            if length is None:
                selector.select()  # between two frames a client may think as long as it likes
            else:
                # A frame that has begun must end, however slowly it trickles, or one peer would lock all others out.
                begun = begun or time.monotonic()
                left = begun + transfer_s(patience_s, length) - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise TimeoutError("a frame was not finished in time")
            data = _receive(sock)
            if data:
                frames.feed(data)
            elif data is not None:
                if length is not None:
                    raise ProtocolError("connection closed within a frame")
                return


def _take(frames: FrameBuffer) -> list[Frame]:
    tick: list[Frame] = []
    try:
        while len(tick) < TICK_REQUESTS and (frame := frames.take()) is not None:
            tick.append(frame)
    except ProtocolError:
        if not tick:
            raise
    return tick  # what came before the broken frame is answered first


def _receive(sock: socket.socket) -> bytes | None:
    """Bytes, none at the end, None where nothing has come yet."""
    try:
        return sock.recv(_READ_BYTES)
    except (BlockingIOError, InterruptedError):
        return None


@dataclass
class _Batch:
    """``vbatch N``: the next N requests are queued and run together, in order."""

    size: int = 0
    queue: list[tuple[bytes, str]] = field(default_factory=list)
    queued_bytes: int = 0

    def feed(self, request_id: bytes, command: str, link: Link) -> list[tuple[bytes, str]]:
        """What is to be run now that this request has come."""
        if not self.size:
            match = _BATCH.fullmatch(" ".join(command.split()))
            if match is None:
                return [(request_id, command)]
            size = int(match.group(1))
            self.size = size if 0 < size <= _MAX_BATCH else 0
            link.reply(request_id, "ok" if self.size else ARGUMENT_INVALID)
            return []
        self.queue.append((request_id, command))
        self.queued_bytes += len(request_id) + len(command)
        if self.queued_bytes > _MAX_BATCH_BYTES:
            raise ProtocolError(f"a batch of over {_MAX_BATCH_BYTES} bytes")
        if len(self.queue) < self.size:
            return []
        queue, self.queue, self.size, self.queued_bytes = self.queue, [], 0, 0
        return queue
