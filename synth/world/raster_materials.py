"""The looks of all surfaces as one small table, so that a pixel needs to carry but a number."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from synth.world.meshes import Material, SkinPart

LOOKS = 256


def look_numbers(material: Material, catcher: bool = False) -> np.ndarray:
    """What shading knows of a material, shape (8,).

    Roughness, specular, wrap, emission; sheen, scatter, strand, and 1 for a ground that shows only shadows.
    """
    m = material
    first = (min(max(m.roughness, 0.05), 1.0), m.specular, m.wrap, m.emission)
    return np.array([*first, m.sheen, m.scatter, m.strand, float(catcher)], np.float32)


# What the pieces of a character are made of, by the start of their names; the rest is cloth.
_BY_NAME: dict[str, dict[str, Any]] = {
    "skin": {"wrap": 0.25, "specular": 0.028, "scatter": 1.0, "two_sided": False},
    "eyes": {"two_sided": False},
    "hair": {"wrap": 0.15, "specular": 0.022, "strand": 0.8},
    "head": {},
    "shoes": {"two_sided": False},
    "": {"wrap": 0.1, "specular": 0.03, "sheen": 0.5},
}


def character_material(part: SkinPart) -> Material:
    """The material of one piece of a character, guessed from its name where the piece does not say."""
    name = str(getattr(part, "name", "head"))
    guess = next(look for start, look in _BY_NAME.items() if name.startswith(start))
    said = {
        key: getattr(part, key)
        for key in ("specular", "sheen", "scatter", "strand", "two_sided")
        if hasattr(part, key)
    }
    look = {"two_sided": True} | guess | said
    look["wrap"] = max(float(getattr(part, "wrap", 0.0)), look.get("wrap", 0.0))
    alpha = getattr(part, "alpha", None) is not None or part.texture.shape[2] == 4
    return Material(texture=part.texture, roughness=float(part.roughness), alpha_test=alpha, **look)


class LookTable:
    """Numbers the looks as they come; when all are taken, a new one shares the most similar's number."""

    def __init__(self, context: moderngl.Context) -> None:
        self._rows: list[np.ndarray] = []
        self._known: dict[bytes, int] = {}
        self._texture = context.texture((LOOKS, 2), 4, dtype="f4")
        self._texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._stale = False

    def clear(self) -> None:
        """Forget all looks."""
        self._rows, self._known = [], {}

    def index(self, numbers: np.ndarray) -> int:
        """The number of a look of ``look_numbers``."""
        key = numbers.tobytes()
        if key not in self._known:
            if len(self._rows) < LOOKS:
                self._rows.append(numbers)
                self._known[key] = len(self._rows) - 1
                self._stale = True
            else:
                apart = np.abs(np.stack(self._rows) - numbers).sum(axis=1)
                self._known[key] = int(apart.argmin())
        return self._known[key]

    def use(self, unit: int) -> None:
        """Bind the table."""
        if self._stale:
            table = np.zeros((2, LOOKS, 4), np.float32)
            rows = np.stack(self._rows)
            table[0, : len(rows)], table[1, : len(rows)] = rows[:, :4], rows[:, 4:]
            self._texture.write(table.tobytes())
            self._stale = False
        self._texture.use(unit)
