"""The stock ``unrealcv`` client with what it lacks: a deadline to connect, silence, and errors at once."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from typing import Any

import unrealcv

log = logging.getLogger(__name__)


class ConnectError(ConnectionError):
    """No connection; ``refused`` tells a closed port or foreign service from a peer that says nothing."""

    def __init__(self, message: str, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class DeadlineClient(unrealcv.Client):
    """The stock client, minus its waits: what breaks the connection ends the request that is waiting."""

    # The stock loop reads a dead socket again for about a minute; nothing ever comes.
    RECONNECT_ATTEMPTS = 0

    def __init__(self, host: str, port: int) -> None:
        super().__init__((host, port))
        # The driver checks every reply itself; the stock query for the command list has a fixed wait of 15 s.
        self._command_capabilities_checked = True

    def receive_loop_queue(self) -> None:
        """Hand errors of the reading thread to the request that waits, where the stock client prints a traceback."""
        try:
            super().receive_loop_queue()
        except Exception as error:  # whatever it was, this client is finished
            self.recv_data_q.put(ConnectionError(str(error)))

    def close(self) -> None:
        """Disconnect; safe in any state and from any thread."""
        sock = self.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
        self.disconnect()


def open_client(host: str, port: int, deadline_s: float) -> DeadlineClient:
    """Connect and wait for the banner, but not for ever: the stock client ignores its own timeout.

    Raises:
        ConnectError: Refused, not UnrealCV's wire, or silent until the deadline.
    """
    _silence()
    client = DeadlineClient(host, port)
    outcome: list[bool] = []
    thread = threading.Thread(target=lambda: outcome.append(bool(client.connect())), daemon=True)
    thread.start()
    thread.join(deadline_s)
    if thread.is_alive():
        client.close()
        raise ConnectError(f"no banner within {deadline_s:g} s", refused=False)
    if outcome != [True]:
        client.close()
        raise ConnectError("the port is closed, or what listens there is no UnrealCV world", refused=True)
    return client


def _log_instead(*words: Any, **_: Any) -> None:
    log.debug("unrealcv: %s", " ".join(map(str, words)))


def _silence() -> None:
    # The stock client prints to standard output and has a log handler of its own; both belong to our CLI. A name in
    # the module hides the builtin for that module alone.
    vars(unrealcv)["print"] = _log_instead
    logging.getLogger("unrealcv").setLevel(logging.CRITICAL + 1)
