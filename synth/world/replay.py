"""A world's requests and replies in a file, and a world that gives them again.

Between a driver and any world stands a recorder: it passes every request on and writes down what came back. Whoever
has an engine can so send a run that fails, and whoever has none can replay it. A recording is an Arrow IPC stream of
(command, reply), compressed; one that was cut off is good up to there.
"""

from __future__ import annotations

import bisect
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from spinepose.errors import InputError
from synth.unrealcv.client import ConnectError, WireClient, open_client
from synth.world.server import (
    DEFAULT_PORT,
    READY,
    leave_on_terminate,
    open_port,
    serve,
    start_listening,
)

log = logging.getLogger(__name__)

_SCHEMA = pa.schema([("command", pa.string()), ("reply", pa.large_binary())], {"spineforge": "recording 1"})
_BATCH_BYTES = 8 << 20
_CONNECT_S = 10.0
NOT_RECORDED = "error not in the recording: "


class Recorder:
    """Passes commands on to a world and keeps what it answers; a context manager.

    Args:
        host: Of the world.
        port: Of the world.
        path: The recording; refused if it is there already.
        timeout_s: How long the world may take for a reply.

    Raises:
        InputError: The file exists, or cannot be made.
    """

    def __init__(self, host: str, port: int, path: Path, timeout_s: float = 120.0) -> None:
        self._address, self._timeout_s = (host, port), timeout_s
        self._client: WireClient | None = None
        self._rows: list[tuple[str, bytes]] = []
        self._bytes = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._file = path.open("xb")
        except FileExistsError as error:
            raise InputError(f"{path}: is there already; give the recording another name") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be written ({error.strerror})") from error
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        self._writer = pa.ipc.new_stream(self._file, _SCHEMA, options=options)

    def __enter__(self) -> Recorder:
        return self

    def connect(self) -> None:
        """Connect now, so that a wrong address is said before any work.

        Raises:
            InputError: No world answers there.
        """
        try:
            self._client = self._client or open_client(*self._address, _CONNECT_S)
        except ConnectError as error:
            host, port = self._address
            raise InputError(f"no world to record at {host}:{port}: {error}") from error

    def __exit__(self, *_: Any) -> None:
        self._flush()
        self._writer.close()
        self._file.close()
        self._forget()

    def answer(self, command: str) -> bytes:
        """What the world says to a command.

        Raises:
            ConnectionError: The world is gone or silent: our own client is let go, as the world would.
        """
        try:
            if self._client is None:
                self._client = open_client(*self._address, _CONNECT_S)
            reply = bytes(self._client.exchange([command], [self._timeout_s])[0])
        except ConnectionError as error:
            log.info("the world is lost: %s", error)
            self._forget()
            raise
        self._rows.append((command, reply))
        self._bytes += len(command) + len(reply)
        if self._bytes > _BATCH_BYTES:
            self._flush()
        return reply

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def _flush(self) -> None:
        if self._rows:
            columns = [list(column) for column in zip(*self._rows, strict=True)]
            arrays = [pa.array(c, field.type) for c, field in zip(columns, _SCHEMA, strict=True)]
            self._writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))
            self._file.flush()
        self._rows, self._bytes = [], 0


class Replayer:
    """Answers commands from a recording.

    The same command may have had different answers over time: one is given the first that comes after what was asked
    before it, and where the recording has none any more (a driver that asks again), the first of all.

    Args:
        path: The recording.

    Raises:
        InputError: The file cannot be read or is no recording.
    """

    def __init__(self, path: Path) -> None:
        self._batches, self._where = _read(path)
        self._at = 0

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._where.values())

    def answer(self, command: str) -> bytes | str:
        """The reply that was recorded."""
        rows = self._where.get(command)
        if rows is None:
            return NOT_RECORDED + command[:200]
        index = bisect.bisect_left(rows, (self._at,))
        number, batch, row = rows[index if index < len(rows) else 0]
        self._at = number + 1
        return self._batches[batch].column("reply")[row].as_py()


def _read(path: Path) -> tuple[list[pa.RecordBatch], dict[str, list[tuple[int, int, int]]]]:
    """The recording's batches, and for each command where its replies are: number, batch and row."""
    batches: list[pa.RecordBatch] = []
    where: dict[str, list[tuple[int, int, int]]] = {}
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
            if not stream.schema.equals(_SCHEMA):
                raise InputError(f"{path}: is no recording of a world")
            number = 0
            for batch in _whole(stream, path):
                for row, command in enumerate(batch.column("command").to_pylist()):
                    where.setdefault(command, []).append((number, len(batches), row))
                    number += 1
                batches.append(batch)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: cannot be read as a recording ({error})") from error
    return batches, where


def _whole(stream: pa.RecordBatchReader, path: Path) -> Any:
    while True:
        try:
            yield stream.read_next_batch()
        except StopIteration:
            return
        except (OSError, pa.ArrowInvalid):
            log.warning("%s: the recording was cut off; what is whole of it is used", path)
            return


def record_world(address: tuple[str, int], path: Path, port: int = DEFAULT_PORT) -> None:
    """Stand before a world on loopback and record it until interrupted.

    Raises:
        InputError: The port is in use or the file exists.
    """
    leave_on_terminate()  # what waits to be written is written
    with Recorder(*address, path) as recorder:
        recorder.connect()
        _serve(recorder.answer, port)


def replay_world(path: Path, port: int = DEFAULT_PORT) -> None:
    """Serve a recording on loopback until interrupted.

    Raises:
        InputError: The port is in use or the file is no recording.
    """
    _serve(Replayer(path).answer, port)


def _serve(answer: Any, port: int) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(open_port("127.0.0.1", port))
        start_listening(listener)
        sys.stdout.write(f"{READY}127.0.0.1:{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        serve(listener, answer)
