"""Built characters by their specification: the same subject is built once, however often it is spawned."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinepose.errors import InputError
from synth.world.heap import give_back
from synth.world.typed import check_types

if TYPE_CHECKING:
    from synth.body.spec import SubjectSpec

#: Memory that the characters kept may take, about forty of them: blocks of scenes share fewer. A world that kept 110
#: grew to 3 GB over a thousand pictures, with what the GL and the places hold.
BUDGET_BYTES = 450_000_000
#: Bodies that are built until the memory which building left in holes is given back.
TIDY_EVERY = 16


def build_from_json(spec_json: str) -> Any:
    """Build a character from the JSON of its ``SubjectSpec`` (heavy imports happen here, not at start).

    Raises:
        InputError: It is no specification, or a field makes no sense.
    """
    from synth.body.character import build_character
    from synth.body.spec import SubjectSpec

    try:
        spec = SubjectSpec.from_json(spec_json)
    except OverflowError as error:  # a number of hundreds of digits
        raise InputError(f"subject spec cannot be read ({error})") from error
    check_types(spec, "subject spec")
    _check_values(spec)
    return build_character(spec)


def _check_values(spec: SubjectSpec) -> None:
    """Refuse what the specification itself lets through and what would cost a builder hours or gigabytes."""
    from synth.body.spec import FABRICS, PATTERNS

    clothes = {"top": spec.top, "bottom": spec.bottom, "shoes": spec.shoes}
    shares: dict[str, float] = {name: getattr(spec, name) for name in ("muscle", "proportions", "cup")}
    shares |= {f"races[{number}]": share for number, share in enumerate(spec.races)}
    shares |= {
        f"{name}.{key}": getattr(c, key) for name, c in clothes.items() for key in ("looseness", "length")
    }
    colors = {name: getattr(spec, name) for name in ("skin", "hair_color", "eye_color")}
    colors |= {f"{name}.{key}": getattr(c, key) for name, c in clothes.items() for key in ("color", "color2")}
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise InputError(f"subject spec: {name} is {share:g}, expected 0 to 1")
    for name, color in colors.items():
        if not all(0 <= channel <= 255 for channel in color):
            raise InputError(f"subject spec: {name} is {color}, expected 0 to 255")
    for name, cloth in clothes.items():
        if cloth.pattern not in PATTERNS or cloth.fabric not in FABRICS:
            raise InputError(
                f"subject spec: {name} is {cloth.pattern} {cloth.fabric}; no such pattern or fabric"
            )
    if spec.seed < 0:
        raise InputError(f"subject spec: seed is {spec.seed}, expected 0 or more")


@dataclass
class _Kept:
    body: Any
    arrays: dict[int, np.ndarray]


class CharacterCache:
    """The last characters built, least recently used out first.

    Args:
        build: Makes a character from its JSON.
        budget_bytes: Memory that all of them may take together, arrays they share counted once; the latest one
            is kept whatever it takes.
    """

    def __init__(
        self, build: Callable[[str], Any] = build_from_json, budget_bytes: int = BUDGET_BYTES
    ) -> None:
        self._build, self._budget_bytes = build, budget_bytes
        self._built: OrderedDict[str, _Kept] = OrderedDict()
        self._users: dict[int, int] = {}
        self._made = 0
        #: Bytes of all arrays of the characters kept.
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._built)

    def get(self, spec_json: str) -> Any:
        """The character of a specification, built now if it is not kept."""
        if spec_json not in self._built:
            self._keep(spec_json, self._build(spec_json))
        self._built.move_to_end(spec_json)
        return self._built[spec_json].body

    def _keep(self, spec_json: str, body: Any) -> None:
        kept = _Kept(body, {id(array): array for array in arrays_of(body)})
        self._built[spec_json] = kept
        for key, array in kept.arrays.items():
            self._users[key] = self._users.get(key, 0) + 1
            self.bytes += array.nbytes if self._users[key] == 1 else 0
        while self.bytes > self._budget_bytes and len(self._built) > 1:
            self._drop(self._built.popitem(last=False)[1])
        self._made += 1
        if self._made % TIDY_EVERY == 0:
            give_back()

    def _drop(self, kept: _Kept) -> None:
        for key, array in kept.arrays.items():
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key]
                self.bytes -= array.nbytes


def arrays_of(thing: Any) -> Iterator[np.ndarray]:
    """All arrays that a thing of dataclasses and containers holds, views as the arrays whose memory they are."""
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            if isinstance(item.base, np.ndarray):
                waiting.append(item.base)
            else:
                yield item
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting.extend(item)
        elif not isinstance(item, (type, str, bytes)):
            waiting.extend(getattr(item, "__dict__", {}).values())
            waiting.extend(getattr(item, name, None) for name in getattr(type(item), "__slots__", ()))
