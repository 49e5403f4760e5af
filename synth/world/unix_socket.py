"""The Unix socket that UnrealCV offers beside its TCP port: ``unrealcv_<port>.socket`` in the temporary folder."""

from __future__ import annotations

import logging
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)


def socket_path(port: int) -> Path:
    """Where clients look for the socket of the world on a port."""
    return Path(tempfile.gettempdir()) / f"unrealcv_{port}.socket"


@contextmanager
def unix_listener(port: int) -> Iterator[socket.socket | None]:
    """A bound socket that this user alone may use, gone at the end; it does not listen yet.

    One that a dead world left behind is replaced. Whatever else has the name is left alone: then there is no
    socket (None), and the log says why.
    """
    path = socket_path(port)
    listener = _bind(path)
    if listener is None:
        yield None
        return
    mine = os.stat(path).st_ino
    try:
        yield listener
    finally:
        listener.close()
        with suppress(OSError):
            if os.lstat(path).st_ino == mine:  # a later world may have put its own there
                os.unlink(path)


def _bind(path: Path) -> socket.socket | None:
    if not hasattr(socket, "AF_UNIX"):
        return None
    problem = _remove_stale(path)
    if problem is None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)  # the file is born with mode 0600
        try:
            listener.bind(str(path))
            return listener
        except OSError as error:
            listener.close()
            problem = str(error)
        finally:
            os.umask(mask)
    log.warning("no Unix socket %s: %s; TCP works all the same", path, problem)
    return None


def _remove_stale(path: Path) -> str | None:
    """Make way for a new socket; returns what is in the way, if anything."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        return "something else has that name"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
            return "another world answers there"
        except ConnectionRefusedError:  # nobody listens: its owner died
            pass
        except OSError as error:
            return str(error)
    os.unlink(path)
    return None
