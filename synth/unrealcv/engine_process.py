"""A real engine as a child process: started by a command of the user's, and started anew when it does not answer."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from spinepose.errors import InputError, StageError

log = logging.getLogger(__name__)

_LISTENING = "0A"  # the state's number in /proc/net/tcp
_POLL_S = 0.5


class EngineProcess:
    """Runs an engine; a context manager whose value is the address, as ``WorldProcess`` is.

    Args:
        command: What starts it, e.g. ``unreal_project/Scripts/run.sh``; it must not return before the engine ends.
        address: Where it listens.
        log_path: Where its output goes.
        start_timeout_s: Longest wait for it to listen: an engine compiles shaders at its first start.
    """

    def __init__(
        self, command: str, address: tuple[str, int], log_path: Path, start_timeout_s: float = 600.0
    ) -> None:
        self._words, self._address, self._log_path = shlex.split(command), address, log_path
        self._timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        if not self._words:
            raise InputError("--engine is empty; give the command that starts the engine")

    def __enter__(self) -> tuple[str, int]:
        try:
            return self.restart()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def restart(self) -> tuple[str, int]:
        """End what is left of the engine and start it anew, on the same port.

        Raises:
            InputError: The command cannot be run.
            StageError: The engine ended, or did not listen in time.
        """
        self._end()
        if self._stopped:
            raise StageError("the engine was stopped")
        if listening(self._address[1]):
            raise InputError(f"port {self._address[1]} is in use; end what runs there, or leave --engine out")
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as output:
            try:
                self._process = subprocess.Popen(
                    self._words,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise InputError(f"--engine {self._words[0]!r} cannot be run ({error.strerror})") from error
        deadline = time.monotonic() + self._timeout_s
        while not listening(self._address[1]):
            if self._process.poll() is not None:
                raise StageError(f"the engine ended at its start; see {self._log_path}")
            if time.monotonic() > deadline or self._stopped:
                raise StageError(
                    f"the engine did not listen on port {self._address[1]} in time; see {self._log_path}"
                )
            time.sleep(_POLL_S)
        return self._address

    def stop(self) -> None:
        """End the engine for good; safe to call twice and from any thread."""
        self._stopped = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):  # a script's children too: they are a session of their own
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listening(port: int) -> bool:
    """Whether something listens on a TCP port of this machine, without taking a seat there.

    A connection would take the engine's only seat, and a real one on Linux lets nobody in by TCP after that.
    """
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        return _answers(port)
    for table in filter(Path.exists, tables):
        for line in table.read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                return True
    return False


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0):
            return True
    except OSError:
        return False
