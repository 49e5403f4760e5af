"""The one door to the ``opensim`` package: a quiet import with a clear error."""

from __future__ import annotations

from typing import Any

from spinepose.errors import InputError


def load_opensim() -> Any:
    """Import OpenSim without its console chatter and without an ``opensim.log`` in the working folder.

    Raises:
        InputError: The package is not installed.
    """
    try:
        import opensim
    except ImportError as error:
        raise InputError(
            f"OpenSim cannot be imported ({error}); install it with: pip install 'spineforge[opensim]' "
            "(wheels: Linux x86_64, Windows, macOS 15+)"
        ) from error
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")
    return opensim
