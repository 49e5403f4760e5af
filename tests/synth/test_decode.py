"""Replies of capture functions: the embedded world answers JSON, an engine's ``vbp`` wraps it once more."""

from __future__ import annotations

import json

import pytest

from synth.unrealcv.decode import BadReplyError, json_object


def test_an_object_is_read_as_it_is():
    assert json_object(b'{"clip":"squat","frame":3}') == {"clip": "squat", "frame": 3}
    assert json_object(b"{}") == {}


def test_the_output_of_an_engines_function_is_unwrapped():
    inner = json.dumps({"markers": {"C7": [1.0, 2.0, 3.0]}})
    assert json_object(json.dumps({"ReturnValue": inner}).encode()) == json.loads(inner)


def test_an_error_within_the_output_is_an_error():
    with pytest.raises(BadReplyError, match="error no clip squat"):
        json_object(b'{"ReturnValue":"error no clip squat"}')


@pytest.mark.parametrize(
    "reply", [b"ok", b"[1,2]", b"error Cannot find object", b"{", b'{"ReturnValue":"3"}']
)
def test_anything_else_is_refused(reply):
    with pytest.raises(BadReplyError):
        json_object(reply)
