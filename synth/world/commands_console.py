"""Console commands (``vrun``) and calls of functions (``vexec``, ``vbp``) as far as this world has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from synth.world.commands import (
    ARGUMENT_INVALID,
    NOT_IMPLEMENTED,
    OK,
    Command,
    CommandError,
    Later,
    Reply,
    command,
    made,
    run_command,
)

if TYPE_CHECKING:
    from synth.world.world import World

#: The actor that has the capture functions.
ACTOR = "SpineForge"
MAX_RUN, MAX_EXEC, MAX_BP = 6, 5, 9
# An engine answers "ok" to anything. Here: what changes only the window, the clock or the quality of an engine is
# ok, for nothing of it is here; what would change a picture or end the world is not.
_HARMLESS = (
    "setres",
    "stat",
    "t.maxfps",
    "disableallscreenmessages",
    "enableallscreenmessages",
    "clear",
    "log",
)
_VARIABLE = re.compile(r"(r|sg|t|gc|fx|a|p|au|foliage|grass|net|slate|rhi)(\.[a-z0-9_]+)+")


def vrun(world: World, *words: str) -> str:
    name, *values = (word.lower() for word in words)
    if name == "pause":
        world.scene.paused = not world.scene.paused
    elif name == "slomo":
        _slomo(values)
    elif name not in _HARMLESS and not _VARIABLE.fullmatch(name):
        return NOT_IMPLEMENTED
    return OK


def _slomo(values: list[str]) -> None:
    """Speed of a clock that only moves on request: any sensible one is fine."""
    try:
        speed = float(values[0]) if values else 1.0
    except ValueError:
        raise CommandError(ARGUMENT_INVALID) from None
    if len(values) > 1 or not 1e-4 <= speed <= 1e4:
        raise CommandError(ARGUMENT_INVALID)


def vexec(world: World, actor: str, function: str, *arguments: str) -> str | Later:
    """Call a function and drop what it returns."""
    _check_actor(world, actor)
    called = " ".join((function, *arguments))
    if actor != ACTOR or not _exists(world, called):
        raise CommandError(f"error Fail to execute the function '{called[:200]}' of {actor[:80]}")
    reply = run_command(world.table, world, f"vbp {ACTOR} {called}")
    return _without_output(reply) if not isinstance(reply, Later) else Later(
        lambda: _without_output(b"".join(made(reply, called))), reply.cost_bytes
    )  # fmt: skip


def _without_output(reply: Reply) -> str:
    text = reply.decode("utf-8", errors="replace") if isinstance(reply, bytes) else reply
    return text if text.startswith("error") else OK


def vbp(world: World, actor: str, function: str, *arguments: str) -> str:
    """What no capture function matched: upstream's words for a wrong actor, function or argument."""
    _check_actor(world, actor)
    raise CommandError(ARGUMENT_INVALID)


def _check_actor(world: World, actor: str) -> None:
    if actor != ACTOR and actor not in world.scene.things:
        raise CommandError(f"error Can not find actor with id '{actor[:80]}'")


def _exists(world: World, called: str) -> bool:
    request = f"vbp {ACTOR} {called}"
    found = next(row for row in world.table.candidates(request) if row.pattern.fullmatch(request))
    return found.handler is not vbp


def level_script_actor(world: World) -> str:
    return ACTOR


def nested_batch(world: World, size: int) -> str:
    raise CommandError(ARGUMENT_INVALID)


def _rows(
    verb: str, least: int, most: int, handler: Callable[..., Reply | Later], help: str
) -> list[Command]:
    return [command(" ".join((verb, *["[str]"] * count)), handler, help) for count in range(least, most + 1)]


# After the capture functions in the table: vbp answers what none of them took.
COMMANDS = (
    *_rows("vrun", 1, MAX_RUN, vrun, "A console command of the engine; ok where nothing here depends on it"),
    *_rows("vexec", 2, MAX_EXEC, vexec, "Call a function of an actor; answers ok"),
    *_rows("vbp", 2, MAX_BP, vbp, "Call a function of an actor; answers JSON"),
    command("vget /persistent_level/id", lambda world: "PersistentLevel", "Name of the level object"),
    command(
        "vget /persistent_level/level_script_actor/id",
        level_script_actor,
        "The actor with the capture functions",
    ),
    command("vbatch [uint]", nested_batch, "Queue the next so many requests, then run them together"),
)
