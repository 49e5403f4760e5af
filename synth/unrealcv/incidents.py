"""What went wrong on the way and what came of it: nothing that a retry mended vanishes from the record."""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("part", "item", "what", "command", "attempt", "world", "restarted", "recovered", "seconds_lost")


@dataclass(frozen=True)
class Incident:
    """One attempt at a piece of work that failed.

    Attributes:
        item: The frame or trial in hand.
        what: What was wrong, one line.
        command: The command whose reply was wrong or missing; empty where several replies contradict each other.
        attempt: Which attempt at the item, from 1.
        world: ``host:port`` of the world.
        restarted: Whether our own world was started anew because of it.
        recovered: Whether a later attempt at the item succeeded.
        seconds_lost: From the start of the attempt to the start of the next one (to its end, where it was the last).
    """

    item: str
    what: str
    command: str
    attempt: int
    world: str
    restarted: bool
    recovered: bool
    seconds_lost: float
