"""The embedded world as a child process that never outlives its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from spinepose.errors import InputError, StageError
from synth.unrealcv.driver import parse_address
from synth.world.server import READY

_TAIL_LINES = 20


class WorldProcess:
    """Starts ``python -m synth.world`` on a free port and stops it at the end.

    Use it as a context manager; the value is ``(host, port)``. The child ends with its standard input, so it is
    gone after a ``kill -9`` of the parent too. Ctrl-C reaches the parent alone, which then ends the child.

    Args:
        clips_dir: Folder with the motion clips that may be played.
        out_dir: The only folder that the world may write to; its log goes there as ``world.log``.
        start_timeout_s: Longest wait for the world to be ready.
        threads: Threads of Mesa's software renderer; None leaves the choice to the world.
        quality: How carefully it draws, ``fine`` or ``fast``.
        backdrops: Folder with the user's photographs to stand before; None for none.
        panoramas: Folder with panoramas that give light; None for none.
        command: What to run instead of the embedded world; for tests.
    """

    def __init__(
        self,
        clips_dir: Path,
        out_dir: Path,
        start_timeout_s: float = 120.0,
        threads: int | None = None,
        quality: str = "fine",
        backdrops: Path | None = None,
        panoramas: Path | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self._out_dir = out_dir
        self._timeout_s = start_timeout_s
        self._threads = threads
        self._command = command or (
            sys.executable, "-m", "synth.world", "--port", "0", "--clips", str(clips_dir), "--out", str(out_dir),
            "--empty", "--stop-with-stdin", *_options(quality, backdrops, panoramas),
        )  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self._started = self._stopped = False
        self._lock = threading.Lock()

    def __enter__(self) -> tuple[str, int]:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def log_path(self) -> Path:
        return self._out_dir / "world.log"

    @property
    def pid(self) -> int | None:
        """Process id of the world that runs now, None without one."""
        process = self._process
        return process.pid if process is not None else None

    def start(self) -> tuple[str, int]:
        """Start the world and wait until it is ready.

        Raises:
            InputError: It says that something of the user's is wrong.
            StageError: It ended, was not ready in time, or :meth:`stop` was called.
        """
        process = self._spawn()
        found: list[str] = []
        reader = threading.Thread(target=self._read, args=(process, found), daemon=True)
        reader.start()
        reader.join(self._timeout_s)
        if found:
            return parse_address(found[0])
        if reader.is_alive():
            self._end()
            raise StageError(
                f"the embedded world was not ready after {self._timeout_s:g} s; see {self.log_path}"
            )
        raise self._died(process)

    def restart(self) -> tuple[str, int]:
        """End what is left of the world and start it anew, on a port of its own; the log goes on."""
        self._end()
        return self.start()

    def stop(self) -> None:
        """End the world for good; safe to call twice and from any thread."""
        self._stopped = True
        self._end()

    def _spawn(self) -> subprocess.Popen[str]:
        self._out_dir.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ)
        if self._threads is not None:
            environment["LP_NUM_THREADS"] = str(self._threads)
        with self._lock, open(self.log_path, "a" if self._started else "w", encoding="utf-8") as log:
            if self._stopped:
                raise StageError("the embedded world was stopped")
            self._started = True
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
                start_new_session=True,
            )  # fmt: skip
            return self._process

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it holds nothing that needs saving
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    @staticmethod
    def _read(process: subprocess.Popen[str], found: list[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(READY):
                found.append(line.removeprefix(READY).strip())
                return

    def _died(self, process: subprocess.Popen[str]) -> Exception:
        code = process.wait(timeout=10)
        self._end()
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in deque(file, _TAIL_LINES) if line.strip()]
        said = lines[-1].removeprefix("error: ") if lines else "it said nothing"
        # 2 is a mistake of the user's, such as a missing GL library: the world's own line says it best.
        return (
            InputError(said)
            if code == 2
            else StageError(f"the embedded world ended at its start ({code}): {said}")
        )


def _options(quality: str, backdrops: Path | None, panoramas: Path | None) -> list[str]:
    options = [] if quality == "fine" else ["--quality", quality]
    if backdrops is not None:
        options += ["--backdrops", str(backdrops)]
    if panoramas is not None:
        options += ["--panoramas", str(panoramas)]
    return options
