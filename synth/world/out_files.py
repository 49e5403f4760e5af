"""Files that clients ask for: only by a plain name, only inside the world's own output folder."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from synth.world.commands import CommandError

# No slash, no backslash, no colon, no leading dot: nothing that leads elsewhere on any system.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def plain_name(name: str) -> str:
    """Return a file name that cannot lead out of a folder.

    Raises:
        CommandError: The name has separators, a leading dot, or other characters than letters, digits and ``_.-``.
    """
    if not _PLAIN_NAME.fullmatch(name) or _WINDOWS_DEVICES.fullmatch(name):
        raise CommandError(
            f"error Argument Invalid: file name '{name[:80]}' must be letters, digits, '_', '-' and '.' only"
        )
    return name


def write_inside(folder: Path, name: str, data: bytes) -> Path:
    """Write a file into a folder, whole or not at all.

    The data goes to a new temporary file that then takes the name, so a symbolic link under that name is
    replaced, never followed.

    Returns:
        The file's absolute path.

    Raises:
        CommandError: The name is not plain, or stands for a folder.
        OSError: The folder cannot be written.
    """
    target = folder.resolve() / plain_name(name)
    if target.is_dir() and not target.is_symlink():
        raise CommandError(f"error Argument Invalid: '{name}' is a folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return target
