"""Several worlds side by side: each has a thread that drives it; blocks of scenes go to whoever is free."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.config import RenderConfig
from spinepose.errors import InputError, SpineforgeError, StageError
from synth.body.spec import SubjectSpec
from synth.scene import SceneSpec
from synth.unrealcv.driver import WorldLostError

# What a world may take of the machine's memory before another is not started.
_WORLD_BYTES = 3 << 30
# Parts lost one after the other before a world counts as gone for good.
_LOST_IN_A_ROW = 3
_JOIN_S = 10.0


@dataclass(frozen=True)
class Unit:
    """What one world renders without a break: a block's scenes, and the static trials of bodies that are new in it."""

    statics: tuple[tuple[str, SubjectSpec], ...]
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
        self._todo: queue.SimpleQueue[Unit] = queue.SimpleQueue()
        for unit in todo:
            self._todo.put(unit)
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._makers = makers
        self._left = {part for unit in todo for part in unit.parts}
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
        for maker in self._makers:
            maker.abort()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def results(self) -> Iterator[Done]:
        """Parts as they are finished, made or not, in any order; a part that failed may come again.

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
                self._left.discard(news.part)
                yield news
        if last is not None and (self._left or not self._todo.empty()):
            raise StageError(
                f"no world is left ({last}); what was rendered is kept: run the same command again to go on"
            )

    def _drive(self, maker: Maker) -> None:
        try:
            with maker:
                while not self._stop.is_set():
                    try:
                        unit = self._todo.get_nowait()
                    except queue.Empty:
                        return
                    self._make(maker, unit)
        except BaseException as error:  # whatever it was: it belongs to the main thread
            self._news.put(error)
        finally:
            self._news.put(None)

    def _make(self, maker: Maker, unit: Unit) -> None:
        lost = 0
        for part, job in maker.jobs(unit):
            if self._stop.is_set():
                return
            try:
                job()
                lost, done = 0, Done(part)
            except InputError:
                raise  # a wrong address or a missing library spoils every part alike
            except WorldLostError as error:
                lost, done = lost + 1, Done(part, error)
                if lost == _LOST_IN_A_ROW:
                    self._todo.put(unit)  # another world may have more luck
                    raise
            except SpineforgeError as error:
                lost, done = 0, Done(part, error)
            self._news.put(done)
