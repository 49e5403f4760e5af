"""Reading BVH: channel orders, position channels, and one clear line for every way in which a file can be broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinepose.errors import InputError
from synth.motion.bvh import forward, read_bvh
from synth.motion.rotations import turn_deg

DATA = Path(__file__).parents[1] / "data"
ARM = DATA / "two_bones.bvh"


def world(path: Path):
    recording = read_bvh(path)
    return recording, *forward(recording.parents, recording.rotations, recording.translations)


def test_channels_turn_in_the_order_in_which_they_are_listed():
    recording, orientation, position = world(ARM)
    assert recording.joint_names == ("Root", "Elbow", "Elbow_end")
    assert recording.parents.tolist() == [-1, 0, 1]
    assert recording.frame_time_s == pytest.approx(0.04)
    assert recording.num_frames == 3
    # Frame 2: root at (1, 2, 3), Z 90 then X 90; elbow Y 30, X 20, Z 10 in the order Y X Z.
    root = turn_deg("z", 90.0) @ turn_deg("x", 90.0)
    elbow = root @ turn_deg("y", 30.0) @ turn_deg("x", 20.0) @ turn_deg("z", 10.0)
    assert np.allclose(orientation[1, 0], root)
    assert np.allclose(orientation[1, 1], elbow)
    assert np.allclose(position[1, 0], [1, 2, 3])
    assert np.allclose(position[1, 1], [1, 2, 3] + root @ [0, 10, 0])
    assert np.allclose(position[1, 2], position[1, 1] + elbow @ [0, 0, 5])
    # By hand: Z 90 after X 90 takes y to z (x: y -> z), then z stays: the elbow is 10 above the root.
    assert np.allclose(position[1, 1], [1, 2, 13])


def test_rest_pose_at_zero_and_root_position_replaces_its_offset():
    recording, _, position = world(ARM)
    assert np.allclose(recording.offsets[0], [7, 7, 7])
    assert np.allclose(position[0], [[0, 0, 0], [0, 10, 0], [0, 10, 5]])


def test_braces_on_the_same_line_crlf_and_byte_order_mark(tmp_path):
    text = ARM.read_text().replace("\n{", " {").replace("\n\t{", " {").replace("\n\t\t{", " {")
    assert "JOINT Elbow {" in text
    path = tmp_path / "other.bvh"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert np.array_equal(read_bvh(path).rotations, read_bvh(ARM).rotations)


@pytest.mark.parametrize("lines", range(21))
def test_a_file_cut_off_anywhere_is_one_line(tmp_path, lines):
    text = ARM.read_text().splitlines()
    assert len(text) == 21
    path = tmp_path / "cut.bvh"
    path.write_text("\n".join(text[:lines]))
    with pytest.raises(InputError, match=r"cut\.bvh") as error:
        read_bvh(path)
    assert "\n" not in str(error.value)
    assert "cut off" in str(error.value)


def test_a_file_cut_off_within_a_line(tmp_path):
    text = ARM.read_text().rstrip()
    path = tmp_path / "cut.bvh"
    path.write_text(text[: text.rindex(" ")])
    with pytest.raises(InputError, match=r"line 21: frame 3 has 8 values, expected 9"):
        read_bvh(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("HIERARCHY", "HELLO", "line 1"),
        ("CHANNELS 3 Yrotation Xrotation Zrotation", "CHANNELS 4 Yrotation Xrotation Zrotation", "line 9"),
        ("CHANNELS 3 Yrotation Xrotation Zrotation", "CHANNELS 3 Yrotation Yrotation Zrotation", "repeated"),
        ("CHANNELS 3 Yrotation Xrotation Zrotation", "CHANNELS 3 Yrotation Wrotation Zrotation", "unknown"),
        ("OFFSET 0 10 0", "OFFSET 0 ten 0", "line 8.*not a number"),
        ("OFFSET 0 10 0", "OFFSET 0 nan 0", "line 8.*not finite"),
        ("OFFSET 0 10 0", "OFFSET 0 10", "line 8.*2 values"),
        ("JOINT Elbow", "ROOT Elbow", "line 6.*ROOT"),
        ("JOINT Elbow", "JOIN Elbow", "line 6.*JOIN"),
        ("Frames: 3", "Frames: 4", "4 frames announced but 3 found"),
        ("Frames: 3", "Frames: 2", "2 frames announced but 3 found"),
        ("Frames: 3", "Frames: many", "line 17"),
        ("Frame Time: 0.04", "Frame Time: 0", "line 18.*more than 0"),
        ("Frame Time: 0.04", "Rate: 25", "line 18"),
        ("1 2 3 90 90 0 30 20 10", "1 2 3 90 90 0 30 20 inf", "line 20.*not finite"),
    ],
)
def test_malformed_files_name_the_line(tmp_path, old, new, says):
    text = ARM.read_text()
    assert old in text
    path = tmp_path / "bad.bvh"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as error:
        read_bvh(path)
    assert "\n" not in str(error.value)


def test_what_is_no_text_or_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        read_bvh(tmp_path / "missing.bvh")
    (tmp_path / "noise.bvh").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputError, match="line 1"):
        read_bvh(tmp_path / "noise.bvh")
