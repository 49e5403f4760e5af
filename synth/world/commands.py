"""The table of commands: URI templates, and how a request finds its handler."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, TypeVar

from spinepose.errors import SpineforgeError

log = logging.getLogger(__name__)
T = TypeVar("T")

# Both phrases of upstream: its engine says the first, its own tests look for the second.
NO_HANDLER = "error No handler found for URI '{uri}'. Can not find a handler"
ARGUMENT_INVALID = "error Argument Invalid"
NO_OBJECT = "error Cannot find object"
INVALID_SENSOR = "error Invalid sensor id"
NOT_IMPLEMENTED = "error Not Implemented"
OK = "ok"

# As upstream parses them; an exponent ("1e-05") is no float here either.
_PLACEHOLDERS = {
    "[uint]": r"(\d{1,9})",
    "[float]": r"([-+]?\d*[.]?\d+)",
    "[name]": r"([^ /]+)",
    "[str]": r"([^ ]+)",
    "[rest]": r"(.+)",
}
_PLACEHOLDER = re.compile("|".join(re.escape(name) for name in _PLACEHOLDERS))

#: The bytes of a reply in pieces, so that large arrays are sent from where they are.
Pieces: TypeAlias = list[bytes | memoryview]


@dataclass(frozen=True)
class Later:
    """A reply that is made after its handler returned, and off the thread that draws: a picture to encode.

    Attributes:
        make: Makes the reply; may raise what handlers raise. It must not touch the scene or the renderer.
        cost_bytes: About how much memory the reply and what it is made from take until it is sent.
    """

    make: Callable[[], str | Pieces]
    cost_bytes: int


Reply = str | bytes
Handler = Callable[..., Reply | Later]


class CommandError(Exception):
    """A handler refuses a request; the text is the whole reply."""


@dataclass(frozen=True)
class Command:
    """One row of the table.

    Attributes:
        template: The command with its placeholders, e.g. ``vget /camera/[uint]/fov``.
        handler: Called with the world and one argument a placeholder.
        help: One line.
        pattern: What a request must match as a whole.
        casts: How each placeholder's text becomes an argument.
    """

    template: str
    handler: Handler
    help: str
    pattern: re.Pattern[str]
    casts: tuple[Callable[[str], Any], ...]


def command(template: str, handler: Handler, help: str) -> Command:
    """Make a row of the table from its template."""
    pieces, casts, position = [], [], 0
    for found in _PLACEHOLDER.finditer(template):
        pieces.append(re.escape(template[position : found.start()]))
        pieces.append(_PLACEHOLDERS[found.group()])
        casts.append(_CASTS.get(found.group(), str))
        position = found.end()
    pieces.append(re.escape(template[position:]))
    # ASCII: \d is no Arabic digit here, and a request that is to be cut at a newline was cut there already.
    return Command(template, handler, help, re.compile("".join(pieces), re.ASCII), tuple(casts))


def finite(text: str) -> float:
    """Read a number that the pattern let through; a million digits are still infinite."""
    value = float(text)
    if not math.isfinite(value) or abs(value) > 1e9:
        raise CommandError(ARGUMENT_INVALID)
    return value


_CASTS: dict[str, Callable[[str], Any]] = {"[uint]": int, "[float]": finite}


class Table(tuple[Command, ...]):
    """All commands in the order they are tried, with an index by how a request begins."""

    def __new__(cls, rows: Iterable[Command]) -> Table:
        table = super().__new__(cls, rows)
        table._known = {}
        for key in {_key(row.template) for row in table}:
            table._known[key] = [row for row in table if _key(row.template) in (key, (key[0], None))]
        return table

    _known: dict[tuple[str, str | None], list[Command]]

    def candidates(self, request: str) -> list[Command]:
        """Those that may match a request, in their order."""
        verb, subject = _key(request)
        return self._known.get((verb, subject)) or self._known.get((verb, None), [])


def _key(text: str) -> tuple[str, str | None]:
    """The verb and what it is about; None for that where it is a placeholder or missing."""
    verb, _, rest = text.partition(" ")
    subject = rest.partition(" ")[0]
    if subject.startswith("/"):
        subject = subject[: (subject + "/").index("/", 1)]
    return verb, None if not subject or subject.startswith("[") else subject


def run_command(table: Table, world: Any, request: str) -> Reply | Later:
    """Answer one request; whatever goes wrong becomes an error reply.

    Args:
        table: The commands; the first that matches answers.
        world: What handlers work on.
        request: The command's text without its id.
    """
    request = " ".join(request.split())
    for row in table.candidates(request):
        match = row.pattern.fullmatch(request)
        if match is not None:
            return or_error(partial(_call, row, world, match), request)
    return NO_HANDLER.format(uri=request[:200])


def _call(row: Command, world: Any, match: re.Match[str]) -> Reply | Later:
    arguments = (cast(text) for cast, text in zip(row.casts, match.groups(), strict=True))
    return row.handler(world, *arguments)


def or_error(work: Callable[[], T], what: str) -> T | str:
    """Do a piece of work; an exception becomes the text of an error reply."""
    try:
        return work()
    except CommandError as error:
        return str(error)
    except SpineforgeError as error:
        return f"error {error}"
    except Exception as error:  # a world outlives any request: the fault is logged and answered
        log.exception("command failed: %.200s", what)
        return f"error {type(error).__name__} in the world; its log says more"


def made(later: Later, what: str) -> Pieces:
    """Make a reply now, as bytes; what goes wrong becomes an error text."""
    body = or_error(later.make, what)
    return [body.encode()] if isinstance(body, str) else body


def templates_text(table: Table) -> str:
    """The answer to ``vget /unrealcv/commands``: one template a line, in the client's notation."""
    return "\n".join(row.template for row in table)
