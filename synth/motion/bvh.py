"""Reading BVH files: any hierarchy, any rotation order, any rate; a broken file gets one clear line.

The parser is our own: ``bvhio`` 1.5.4 (MIT) reads whole files well but loops for ever on one that is cut off in its
hierarchy, and leaves line numbers out of its errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spinepose.errors import InputError
from synth.motion.rotations import turn_deg

_MAX_JOINTS = 2000


@dataclass(frozen=True)
class Recording:
    """What a BVH file holds, in its own units and axes.

    Attributes:
        name: The file's stem.
        joint_names: Names, parents before children; an end site is named after its joint with ``_end``.
        parents: Index of each joint's parent, -1 for the root, shape (J,).
        offsets: Rest offset from the parent, shape (J, 3).
        frame_time_s: Seconds from frame to frame.
        rotations: Local rotations, shape (T, J, 3, 3); identity in the rest pose.
        translations: Position in the parent's frame, shape (T, J, 3): the offset, or the position channels where
            the file has them.
    """

    name: str
    joint_names: tuple[str, ...]
    parents: np.ndarray
    offsets: np.ndarray
    frame_time_s: float
    rotations: np.ndarray
    translations: np.ndarray

    @property
    def num_frames(self) -> int:
        return len(self.rotations)


def forward(
    parents: np.ndarray, rotations: np.ndarray, translations: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Orientations and positions of all joints in the file's world.

    Args:
        parents: Shape (J,), parents before children.
        rotations: Local, shape (..., J, 3, 3).
        translations: In the parent's frame, shape (..., J, 3).

    Returns:
        Orientations, shape (..., J, 3, 3), and positions, shape (..., J, 3).
    """
    world, position = np.array(rotations), np.array(translations)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            world[..., joint, :, :] = world[..., parent, :, :] @ rotations[..., joint, :, :]
            moved = np.einsum("...ij,...j->...i", world[..., parent, :, :], translations[..., joint, :])
            position[..., joint, :] = position[..., parent, :] + moved
    return world, position


@dataclass
class _Hierarchy:
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[np.ndarray] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)


class _Lines:
    """The file's lines that are not blank, with their numbers, and the complaint about one of them."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._lines = [(i, line.strip()) for i, line in enumerate(text.splitlines(), start=1) if line.strip()]
        self._next = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        while self._next < len(self._lines):
            yield self.take("")

    def take(self, expected: str) -> tuple[int, str]:
        """The next line and its number."""
        if self._next >= len(self._lines):
            last = self._lines[-1][0] if self._lines else 0
            raise InputError(
                f"{self.path}: the BVH file ends after line {last}, expected {expected}; is it cut off?"
            )
        self._next += 1
        return self._lines[self._next - 1]

    def wrong(self, line: int, what: str) -> InputError:
        return InputError(f"{self.path}: line {line}: {what}; the BVH file is malformed or cut off")

    def numbers(self, line: int, words: list[str], count: int, what: str) -> np.ndarray:
        """Turn words into finite numbers."""
        if len(words) != count:
            raise self.wrong(line, f"{what} has {len(words)} values, expected {count}")
        try:
            values = np.array(words, dtype=float)
        except ValueError:
            raise self.wrong(line, f"{what} has a value that is not a number") from None
        if not np.isfinite(values).all():
            raise self.wrong(line, f"{what} has a value that is not finite")
        return values


def read_bvh(path: Path | str) -> Recording:
    """Read a BVH file.

    Raises:
        InputError: It can't be read, is malformed or cut off; the message names the file and the line.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot read the BVH file ({error.strerror})") from error
    lines = _Lines(path, text)
    number, first = lines.take("HIERARCHY")
    if first.upper() != "HIERARCHY":
        raise lines.wrong(number, "does not start with HIERARCHY")
    tree = _read_hierarchy(lines)
    frame_time, values = _read_motion(lines, sum(len(c) for c in tree.channels))
    rotations, translations = _from_channels(tree, values)
    names, parents = tuple(tree.names), np.array(tree.parents)
    return Recording(path.stem, names, parents, np.array(tree.offsets), frame_time, rotations, translations)


def _read_hierarchy(lines: _Lines) -> _Hierarchy:
    """Everything up to the line MOTION."""
    tree, pending = _Hierarchy(), False
    open_joints: list[int] = []
    for number, line in lines:
        # An opening brace may share the line with the joint's name.
        words = line.replace("{", " { ").replace("}", " } ").split()
        keyword = words[0].upper()
        if keyword in ("ROOT", "JOINT", "END"):
            if (keyword == "ROOT") != (not tree.names):
                raise lines.wrong(number, "expected exactly one ROOT, as the first joint")
            if pending or len(tree.names) >= _MAX_JOINTS or (tree.names and not open_joints):
                raise lines.wrong(number, f"{keyword} out of place")
            name = " ".join(w for w in words[1:] if w != "{")
            tree.parents.append(open_joints[-1] if open_joints else -1)
            tree.names.append(f"{tree.names[tree.parents[-1]]}_end" if keyword == "END" else name)
            tree.offsets.append(np.zeros(3))
            tree.channels.append([])
            pending = True
            words = words[words.index("{") :] if "{" in words else []
        elif keyword == "MOTION":
            if open_joints or pending or not tree.names:
                raise lines.wrong(number, "MOTION comes before all joints are closed")
            return tree
        elif keyword in ("OFFSET", "CHANNELS") and not pending and open_joints:
            _read_property(lines, number, keyword, words[1:], tree, open_joints[-1])
            words = []
        for word in words:
            if word == "{" and pending:
                open_joints.append(len(tree.names) - 1)
                pending = False
            elif word == "}" and open_joints and not pending:
                open_joints.pop()
            else:
                raise lines.wrong(number, f"unexpected {word[:40]!r} in the hierarchy")
    lines.take("MOTION")
    raise AssertionError("unreachable: take() raises at the end of the file")


def _read_property(
    lines: _Lines, number: int, keyword: str, words: list[str], tree: _Hierarchy, joint: int
) -> None:
    """An OFFSET or CHANNELS line of the joint that is open."""
    if keyword == "OFFSET":
        tree.offsets[joint] = lines.numbers(number, words, 3, f"OFFSET of {tree.names[joint]!r}")
        return
    known = {f"{axis}{kind}" for axis in "xyz" for kind in ("position", "rotation")}
    channels = [word.lower() for word in words[1:]]
    if not words or not words[0].isdigit() or int(words[0]) != len(channels):
        raise lines.wrong(number, f"CHANNELS of {tree.names[joint]!r} announces another number than it lists")
    if not set(channels) <= known or len(set(channels)) != len(channels):
        raise lines.wrong(number, f"CHANNELS of {tree.names[joint]!r} has an unknown or repeated channel")
    tree.channels[joint] = channels


def _read_motion(lines: _Lines, num_channels: int) -> tuple[float, np.ndarray]:
    """The frames after MOTION: seconds a frame and the channel values, shape (T, C)."""
    number, line = lines.take("'Frames: <count>'")
    key, _, value = line.partition(":")
    if key.strip().lower() != "frames" or not value.strip().isdigit() or int(value) < 1:
        raise lines.wrong(number, "expected 'Frames: <count>'")
    announced = int(value)
    number, line = lines.take("'Frame Time: <seconds>'")
    key, _, value = line.partition(":")
    if key.strip().lower() != "frame time":
        raise lines.wrong(number, "expected 'Frame Time: <seconds>'")
    frame_time = float(lines.numbers(number, value.split(), 1, "Frame Time")[0])
    if frame_time <= 0:
        raise lines.wrong(number, f"Frame Time is {frame_time:g} s, expected more than 0")
    rows = [
        lines.numbers(n, line.split(), num_channels, f"frame {i}")
        for i, (n, line) in enumerate(lines, start=1)
    ]
    if len(rows) != announced:
        raise InputError(
            f"{lines.path}: line {number}: {announced} frames announced but {len(rows)} found; "
            "the BVH file is malformed or cut off"
        )
    return frame_time, np.array(rows)


def _from_channels(tree: _Hierarchy, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Local rotations (T, J, 3, 3) and translations (T, J, 3): channels turn in the order in which they are listed."""
    frames, joints = len(values), len(tree.names)
    rotations = np.tile(np.eye(3), (frames, joints, 1, 1))
    translations = np.tile(np.array(tree.offsets), (frames, 1, 1))
    column = 0
    for joint, channels in enumerate(tree.channels):
        for channel in channels:
            axis, value = channel[0], values[:, column]
            if channel.endswith("rotation"):
                rotations[:, joint] = rotations[:, joint] @ turn_deg(axis, value)
            else:
                translations[:, joint, "xyz".index(axis)] = value
            column += 1
    return rotations, translations
