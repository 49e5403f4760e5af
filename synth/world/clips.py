"""The motion clips that clients may play: files of one folder, by name."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

import numpy as np

from opensim_models.anatomy.coordinates import REGIONAL_COORDINATES
from synth.motion.clip import SEGMENTS, Clip, load_clip
from synth.world.commands import CommandError
from synth.world.out_files import plain_name

_KEEP = 64


class ClipFolder:
    """Reads clips on demand and keeps the last few; a file that changed is read again.

    Args:
        folder: Folder with ``.npz`` clips; None where the world has none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder.resolve() if folder else None
        self._cache: OrderedDict[tuple[str, int, int], Clip] = OrderedDict()

    def get(self, name: str) -> Clip:
        """The clip of a name.

        Raises:
            CommandError: No such clip in the folder; links out of the folder count as none.
            InputError: The file is no clip.
        """
        missing = CommandError(f"error no clip '{name[:80]}': put it as .npz into the world's --clips folder")
        if self._folder is None:
            raise missing
        path = (self._folder / f"{plain_name(name)}.npz").resolve()
        if path.parent != self._folder or not path.is_file():
            raise missing
        stat = os.stat(path)
        key = (path.name, stat.st_mtime_ns, stat.st_size)
        if key not in self._cache:
            self._cache[key] = load_clip(path)
            while len(self._cache) > _KEEP:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]


def rest_clip() -> Clip:
    """One frame of the T-pose: how a character stands before any clip is played."""
    return Clip(
        name="rest",
        fps=1.0,
        pelvis_position=np.array([[0.0, 0.0, 1.0]]),
        pelvis_rotation=np.eye(3)[None],
        spine_rad=np.zeros((1, len(REGIONAL_COORDINATES))),
        limb_rotations=np.tile(np.eye(3), (1, len(SEGMENTS), 1, 1)),
        clearance=np.zeros(1),
    )
