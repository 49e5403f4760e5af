"""Commands about the world as a whole: ``/unrealcv``, ``/scene``, ``/level``, ``/action``, console commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from synth.world.commands import NOT_IMPLEMENTED, OK, CommandError, command, templates_text

if TYPE_CHECKING:
    from synth.world.world import World

# The stock client asks for the list of commands from servers of 1.1.0 on.
VERSION = "1.1.0"


def status(world: World) -> str:
    """Where the world listens, in upstream's layout of lines."""
    camera = world.scene.cameras[0]
    return (
        "Is Listening\nClient Connected\n"
        f"{world.port}\nConfiguration\nConfig file: none\nPort: {world.port}\n"
        f"Width: {camera.width}\nHeight: {camera.height}\nFOV: {camera.fov_deg:.6f}\n"
        "EnableInput: false\nEnableRightEye: false"
    )


def echo(world: World, text: str) -> str:
    return text


def help_text(world: World) -> str:
    return "\n".join(f"{row.template}\n    {row.help}" for row in world.table)


def scene_name(world: World) -> str:
    return world.scene.place.name


def set_paused(paused: bool, world: World) -> str:
    world.scene.paused = paused
    return OK


def open_level(world: World, name: str) -> str:
    """Start over in a place, of seed 0."""
    if name not in world.places:
        raise CommandError(f"error no place '{name[:80]}'; there are {', '.join(world.places)}")
    world.set_place(name, 0)
    return OK


def set_input(world: World) -> str:
    """There is neither keyboard nor mouse to switch off."""
    return OK


def not_implemented(world: World, *values: object) -> str:
    return NOT_IMPLEMENTED


COMMANDS = (
    command("vget /unrealcv/status", status, "Where the world listens and its settings"),
    command("vget /unrealcv/version", lambda world: VERSION, "Version of the command set"),
    command("vget /unrealcv/echo [rest]", echo, "Send a text back"),
    command("vget /unrealcv/help", help_text, "All commands with a line each"),
    command("vget /unrealcv/commands", lambda world: templates_text(world.table), "All commands, one a line"),
    command("vget /scene/name", scene_name, "Name of the place"),
    command("vget /level/name", scene_name, "Name of the place"),
    command(
        "vset /action/game/pause",
        partial(set_paused, True),
        "Pause; nothing moves unasked in this world anyway",
    ),
    command("vset /action/game/resume", partial(set_paused, False), "Resume"),
    command("vget /action/game/is_paused", lambda world: str(world.scene.paused).lower(), "true or false"),
    command("vset /action/game/level [str]", open_level, "Start over in a place, of seed 0"),
    command("vset /action/input/enable", set_input, "Accepted; this world has no keyboard"),
    command("vset /action/input/disable", set_input, "Accepted; this world has no keyboard"),
    command("vset /action/keyboard [str] [float]", not_implemented, "Refused: this world has no keyboard"),
    command("vset /action/eyes_distance [float]", not_implemented, "Refused, as upstream does"),
)
