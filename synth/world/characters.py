"""Built characters by their specification: the same subject is built once, however often it is spawned."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

# A built character holds tens of megabytes of textures and matrices; a demo has 24 subjects.
_KEEP = 32


def build_from_json(spec_json: str) -> Any:
    """Build a character from the JSON of its ``SubjectSpec`` (heavy imports happen here, not at start)."""
    from synth.body.character import build_character
    from synth.body.spec import SubjectSpec

    return build_character(SubjectSpec.from_json(spec_json))


class CharacterCache:
    """The last characters built, least recently used out first.

    Args:
        build: Makes a character from its JSON.
    """

    def __init__(self, build: Callable[[str], Any] = build_from_json) -> None:
        self._build = build
        self._built: OrderedDict[str, Any] = OrderedDict()

    def get(self, spec_json: str) -> Any:
        if spec_json not in self._built:
            self._built[spec_json] = self._build(spec_json)
            while len(self._built) > _KEEP:
                self._built.popitem(last=False)
        self._built.move_to_end(spec_json)
        return self._built[spec_json]
