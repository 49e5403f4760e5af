"""Several worlds side by side: each has a thread that drives it; blocks of scenes go to whoever is free."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.config import RenderConfig
from spinepose.errors import InputError, SpineforgeError, StageError
from synth.scene import SceneSpec, Subject
from synth.unrealcv.driver import WorldLostError

# What a world may take of the machine's memory before another is not started.
_WORLD_BYTES = 3 << 30
_JOIN_S, _POLL_S = 10.0, 0.5


@dataclass(frozen=True)
class Unit:
    """What one world renders without a break: a block's scenes, and the static trials of bodies that are new in it."""

    statics: tuple[tuple[str, Subject], ...]
    scenes: tuple[SceneSpec, ...]

    @property
    def parts(self) -> list[str]:
        return [part for part, _ in self.statics] + [scene.scene_id for scene in self.scenes]


@dataclass(frozen=True)
class Done:
    """A part that was made, or could not be."""

    part: str
    error: SpineforgeError | None = None


class Maker(Protocol):
    """Makes parts in one world; entering opens the world, leaving ends it."""

    def __enter__(self) -> Maker: ...

    def __exit__(self, *_: Any) -> None: ...

    def abort(self) -> None:
        """End what goes on, starting included; from another thread, and at any time."""

    def usable(self) -> bool:
        """Whether the world answers, or can be made to."""

    def jobs(self, unit: Unit) -> Iterator[tuple[str, Callable[[], None]]]:
        """The parts of a unit that are not there yet."""


def units(scenes: Sequence[SceneSpec], worlds: int) -> list[Unit]:
    """Scenes by block, in the order they come; by scene where there are fewer blocks than worlds."""
    blocks: dict[Any, list[SceneSpec]] = {}
    for scene in scenes:
        blocks.setdefault(scene.block, []).append(scene)
    if len(blocks) < worlds:
        blocks = {scene.scene_id: [scene] for scene in scenes}
    seen: set[str] = set()
    found = []
    # Where a body appears first, its static trial is taken: there it is built anyway.
    for members in blocks.values():
        people = {p.subject.subject_id: p.subject for scene in members for p in scene.persons}
        new = sorted(set(people) - seen)
        seen |= set(new)
        found.append(Unit(tuple((f"static-{name}", people[name]) for name in new), tuple(members)))
    return found


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def world_count(settings: RenderConfig, blocks: int) -> int:
    """How many worlds to start: as asked for, or one a core as far as the memory goes; never more than blocks."""
    wanted = settings.worlds
    if not wanted:
        with contextlib.suppress(ValueError, OSError, AttributeError):
            memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
            wanted = min(cores(), memory // _WORLD_BYTES)
        wanted = wanted or 1
    return max(1, min(wanted, blocks))


class Crew:
    """Threads that each drive a world; use it as a context manager.

    Leaving the block, by Ctrl-C as well, ends all of them.

    Args:
        makers: One a world, not yet entered.
        todo: What to make.
    """

    def __init__(self, makers: Sequence[Maker], todo: Sequence[Unit]) -> None:
        self._todo = deque(todo)
        self._busy = 0  # units that a world has in hand
        self._changed = threading.Condition()
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._makers = makers
        self._threads = [
            threading.Thread(target=self._drive, args=(maker,), name=f"world-{i}", daemon=True)
            for i, maker in enumerate(makers)
        ]

    def __enter__(self) -> Crew:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for maker in self._makers:
            maker.abort()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def results(self) -> Iterator[Done]:
        """Parts as they are finished, made or not, in any order.

        Raises:
            InputError: Something of the user's is wrong, which spoils every part alike.
            StageError: There is no world left, and parts are.
        """
        running = len(self._threads)
        last: Exception | None = None
        while running:
            news = self._news.get()
            if news is None:
                running -= 1
            elif isinstance(news, WorldLostError):
                last = news
            elif isinstance(news, BaseException):
                raise news
            else:
                yield news
        if last is not None and self._todo:
            raise StageError(
                f"no world is left ({last}); what was rendered is kept: run the same command again to go on"
            )

    def _drive(self, maker: Maker) -> None:
        try:
            with maker:
                while (unit := self._take()) is not None:
                    back: Unit | None = unit
                    try:
                        self._make(maker, unit)
                        back = None
                    finally:
                        self._give_back(back)
        except BaseException as error:  # whatever it was: it belongs to the main thread
            self._news.put(error)
        finally:
            self._news.put(None)

    def _take(self) -> Unit | None:
        """The next unit; waits while another world has one that it may have to give back."""
        with self._changed:
            while not self._todo and self._busy and not self._stop.is_set():
                self._changed.wait(_POLL_S)
            if not self._todo or self._stop.is_set():
                return None
            self._busy += 1
            return self._todo.popleft()

    def _give_back(self, unit: Unit | None) -> None:
        with self._changed:
            self._busy -= 1
            if unit is not None:
                self._todo.append(unit)
            self._changed.notify_all()

    def _make(self, maker: Maker, unit: Unit) -> None:
        for part, job in maker.jobs(unit):
            if self._stop.is_set():
                return
            try:
                job()
                done = Done(part)
            except InputError:
                raise  # a wrong address or a missing library spoils every part alike
            except WorldLostError as error:
                if not maker.usable():
                    raise  # another world may make it
                done = Done(part, error)  # it is this part that ends worlds
            except SpineforgeError as error:
                done = Done(part, error)
            self._news.put(done)
