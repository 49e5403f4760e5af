"""Recordings: what a world said is said again, in order; what it never said is refused."""

from __future__ import annotations

import socket
import threading

import pytest

from spinepose.errors import InputError
from synth.unrealcv.client import open_client
from synth.world.replay import Recorder, Replayer
from synth.world.server import serve


@pytest.fixture
def counting_world():
    """Host and port of a server whose replies tell how often it was asked, and a list of what it was asked."""
    asked = []

    def answer(command):
        asked.append(command)
        return b"\x89PNG\x00" * 3 if "lit" in command else f"{command} {len(asked)}"

    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_until_closed, args=(listener, answer), daemon=True).start()
    yield (*listener.getsockname(), asked)
    listener.close()


def _until_closed(listener, answer):
    try:
        serve(listener, answer)
    except (OSError, ValueError):
        return


def test_what_is_recorded_is_what_the_world_said(counting_world, tmp_path):
    host, port, asked = counting_world
    with Recorder(host, port, tmp_path / "run.spine") as recorder:
        assert recorder.answer("vget /a") == b"vget /a 1"
        assert recorder.answer("vget /camera/1/lit png") == b"\x89PNG\x00" * 3
        assert recorder.answer("vget /a") == b"vget /a 3"
    assert asked == ["vget /a", "vget /camera/1/lit png", "vget /a"]
    replayed = Replayer(tmp_path / "run.spine")
    assert len(replayed) == 3
    said = [replayed.answer(command) for command in asked]
    assert said == [b"vget /a 1", b"\x89PNG\x00" * 3, b"vget /a 3"]


def test_asked_again_it_begins_anew_and_what_was_never_asked_is_refused(counting_world, tmp_path):
    host, port, _ = counting_world
    with Recorder(host, port, tmp_path / "run.spine") as recorder:
        for command in ("a", "b", "a"):
            recorder.answer(command)
    replayed = Replayer(tmp_path / "run.spine")
    assert [replayed.answer(c) for c in ("b", "a", "a")] == [b"b 2", b"a 3", b"a 1"]
    assert replayed.answer("vget /never") == "error not in the recording: vget /never"


def test_a_recording_that_was_cut_off_is_good_up_to_there(counting_world, tmp_path, monkeypatch):
    host, port, _ = counting_world
    monkeypatch.setattr("synth.world.replay._BATCH_BYTES", 1)  # a batch a reply
    with Recorder(host, port, tmp_path / "run.spine") as recorder:
        for number in range(20):
            recorder.answer(f"vget /{number}")
    whole = (tmp_path / "run.spine").read_bytes()
    (tmp_path / "cut.spine").write_bytes(whole[: len(whole) // 2])
    replayed = Replayer(tmp_path / "cut.spine")
    assert 5 < len(replayed) < 15
    assert replayed.answer("vget /3") == b"vget /3 4"


def test_other_files_are_refused_and_none_is_overwritten(counting_world, tmp_path):
    host, port, _ = counting_world
    (tmp_path / "other").write_text("no recording")
    with pytest.raises(InputError, match="cannot be read as a recording"):
        Replayer(tmp_path / "other")
    with pytest.raises(InputError, match="is there already"):
        Recorder(host, port, tmp_path / "other")
    with pytest.raises(InputError, match="cannot be read"):
        Replayer(tmp_path / "missing")


def test_a_world_that_is_not_there_is_said_before_any_work(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        Recorder("127.0.0.1", port, tmp_path / "run.spine") as recorder,
        pytest.raises(InputError, match=f"no world to record at 127.0.0.1:{port}"),
    ):
        recorder.connect()


def test_a_lost_world_drops_the_client_and_the_next_one_is_served(counting_world, tmp_path, monkeypatch):
    host, port, _ = counting_world
    with Recorder(host, port, tmp_path / "run.spine") as recorder:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=_until_closed, args=(listener, recorder.answer), daemon=True).start()
        first = open_client(*listener.getsockname(), 5)
        assert bytes(first.exchange(["vget /x"], [5])[0]) == b"vget /x 1"
        recorder._client.abort()
        with pytest.raises(ConnectionError):
            first.exchange(["vget /x"], [5])
        second = open_client(*listener.getsockname(), 5)
        assert bytes(second.exchange(["vget /x"], [5])[0]).startswith(b"vget /x ")
        second.close()
        listener.close()
