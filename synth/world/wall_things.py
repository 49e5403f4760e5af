"""What hangs on walls that nobody looks at: switches, sockets, vents, hooks, a pin board."""

from __future__ import annotations

import numpy as np

from synth.world.meshes import (
    Surface,
    moved,
)
from synth.world.place_materials import (
    METAL,
    WHITE,
    compact,
    paint,
    pick,
    wooden,
)
from synth.world.place_types import PlacedObject
from synth.world.shell_things import SIDES, Room, fronts
from synth.world.solids import box, rod

Rng = np.random.Generator


def wall_clutter(room: Room, rng: Rng, busy: float = 1.0) -> list[PlacedObject]:
    """Switches, sockets, vents, a pin board, a shelf of hooks and the like on walls, as one object a wall.

    Args:
        room: The room.
        rng: Random numbers.
        busy: How much of it: 1 for dwellings, more for offices and practices.
    """
    placed = []
    for side in SIDES:
        if room.windows.get(side):
            continue
        length = room.wall_length_m(side)
        see_through = side in ("west", "south")
        makers = _FLAT if see_through else _FLAT + _DEEP
        pieces: list[Surface] = []
        for _ in range(int(rng.poisson(2.2 * busy))):
            y = float(rng.uniform(-0.45, 0.45)) * length
            pieces += [moved(piece, (0, y, 0)) for piece in makers[int(rng.integers(len(makers)))](rng)]
        if pieces:
            mesh = compact(pieces)
            placed.append(
                PlacedObject(f"wall_things_{side}", fronts(mesh) if see_through else mesh, room.at_wall(side))
            )
    return placed


def _socket(rng: Rng) -> list[Surface]:
    white = paint((0.84, 0.84, 0.82), 0.4)
    count = int(rng.integers(1, 4))
    return [box((0.012, 0.08 * count, 0.08), white, (0.006, 0, 0.3), 0.003)]


def _switch(rng: Rng) -> list[Surface]:
    white = paint((0.86, 0.86, 0.84), 0.4)
    return [
        box((0.012, 0.08, 0.08), white, (0.006, 0, 1.1), 0.003),
        box((0.016, 0.05, 0.05), white, (0.008, 0, 1.1), 0.002),
    ]


def _vent(rng: Rng) -> list[Surface]:
    white, dark = paint((0.80, 0.80, 0.78), 0.5), paint((0.25, 0.25, 0.25), 0.8)
    pieces = [box((0.015, 0.42, 0.22), white, (0.0075, 0, 2.25), 0.003)]
    return pieces + [box((0.017, 0.36, 0.012), dark, (0.009, 0, 2.18 + 0.03 * k), 0) for k in range(6)]


def _pin_board(rng: Rng) -> list[Surface]:
    wide, tall = float(rng.uniform(0.7, 1.4)), float(rng.uniform(0.6, 0.9))
    pieces = [
        box((0.016, wide, tall), paint((0.60, 0.47, 0.33), 0.9), (0.008, 0, 1.55), 0.003),
    ]
    for _ in range(int(rng.integers(3, 10))):
        paper = paint(
            pick(rng, ((0.86, 0.85, 0.82), (0.80, 0.74, 0.56), (0.62, 0.70, 0.74), (0.76, 0.58, 0.54))), 0.9
        )
        size = (0.002, float(rng.choice([0.1, 0.15, 0.21])), float(rng.choice([0.1, 0.2, 0.29])))
        y, z = float(rng.uniform(-0.38, 0.38)) * wide, 1.55 + float(rng.uniform(-0.3, 0.3)) * tall
        pieces.append(box(size, paper, (0.0175, y, z), 0))
    return pieces


def _extinguisher(rng: Rng) -> list[Surface]:
    red = paint((0.58, 0.10, 0.09), 0.35)
    pieces = [
        rod((0.09, 0, 0.55), (0.09, 0, 0.98), 0.075, red, 12),
        rod((0.09, 0, 0.98), (0.09, 0, 1.06), 0.03, paint((0.06, 0.06, 0.06)), 8),
    ]
    return [
        *pieces,
        box((0.004, 0.2, 0.2), red, (0.002, 0, 1.55), 0),
        box((0.006, 0.06, 0.12), paint(WHITE), (0.003, 0, 1.55), 0),
    ]


def _hooks(rng: Rng) -> list[Surface]:
    wood = wooden(rng)
    pieces = [box((0.02, 0.9, 0.1), wood, (0.01, 0, 1.7), 0.003)]
    for k in range(5):
        y = -0.36 + 0.18 * k
        pieces.append(rod((0.02, y, 1.7), (0.07, y, 1.72), 0.008, METAL, 6))
    for k in range(int(rng.integers(0, 4))):
        look = paint(
            pick(rng, ((0.28, 0.30, 0.34), (0.46, 0.40, 0.34), (0.36, 0.24, 0.22), (0.62, 0.62, 0.60))), 0.95
        )
        tall = float(rng.uniform(0.4, 0.8))
        pieces.append(box((0.11, 0.26, tall), look, (0.07, -0.36 + 0.24 * k, 1.68 - tall / 2), 0.05, 1.0, 2))
    return pieces


def _duct(rng: Rng) -> list[Surface]:
    return [box((0.05, 0.06, 2.2), paint((0.83, 0.82, 0.80), 0.5), (0.025, 0, 1.2), 0.006)]


def _unit(rng: Rng) -> list[Surface]:
    white = paint((0.86, 0.86, 0.85), 0.4)
    return [
        box((0.22, 0.85, 0.28), white, (0.11, 0, 2.3), 0.03, 1.0, 2),
        box((0.2, 0.7, 0.03), paint((0.3, 0.3, 0.3)), (0.13, 0, 2.17), 0),
    ]


_FLAT = (_socket, _socket, _switch, _vent, _pin_board)
_DEEP = (_extinguisher, _hooks, _hooks, _duct, _unit)
