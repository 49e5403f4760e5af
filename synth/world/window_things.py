"""Windows of rooms with what hangs before them and stands below them, and doors."""

from __future__ import annotations

import numpy as np

from synth.world import textures, textures_outdoor
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    moved,
    transform,
)
from synth.world.place_hours import EVENING, NIGHT
from synth.world.place_materials import (
    METAL,
    WHITE,
    compact,
    paint,
    pick,
    tinted,
    wooden,
)
from synth.world.place_types import PlacedObject
from synth.world.shell_things import Room, Window, in_wall
from synth.world.solids import box, rod

Rng = np.random.Generator


def window_things(room: Room, rng: Rng, hour: str, dressed: str = "curtains") -> list[PlacedObject]:
    """Frames, and what hangs before them.

    Args:
        room: The room.
        rng: Random numbers.
        hour: At night the panes are dark.
        dressed: ``curtains``, ``blinds`` or nothing.
    """
    placed = []
    frame = paint(WHITE if rng.random() < 0.75 else (0.22, 0.23, 0.25), 0.45)
    cloth = tinted(
        textures.fabric(int(rng.integers(3))),
        pick(rng, ((0.80, 0.78, 0.73), (0.66, 0.65, 0.62), (0.52, 0.50, 0.46), (0.42, 0.46, 0.50), (0.60, 0.50, 0.40))),
        0.95, wrap=0.3, two_sided=True, specular=0.02,
    )  # fmt: skip
    drawn = float(rng.uniform(0.05, 0.6))
    heating = bool(rng.random() < 0.6)
    for side, windows in room.windows.items():
        pieces: list[Surface] = []
        for number, window in enumerate(windows):
            at = in_wall(room, side, window.along_m)
            pieces += [moved(piece, (0, at, 0)) for piece in _frame(window, frame)]
            if hour in (NIGHT, EVENING):
                pieces.append(moved(_pane(window, hour, int(rng.integers(4))), (0, at, 0)))
            if dressed == "blinds":
                pieces += [moved(piece, (0, at, 0)) for piece in _blind(window, drawn)]
            if heating and window.sill_m > 0.6:
                pieces += [moved(piece, (0, at, 0)) for piece in _radiator(window)]
            if dressed == "curtains":
                for end, sign in enumerate((-1, 1)):
                    wide = float(rng.uniform(0.35, 0.6))
                    along = window.along_m + sign * (window.width_m / 2 + 0.15)
                    mesh = curtain(wide, window.top_m + 0.16, cloth, rng)
                    name = f"curtain_{side}_{number + 1}_{end + 1}"
                    placed.append(PlacedObject(name, mesh, room.at_wall(side, along, 0.12)))
        if pieces:
            placed.append(PlacedObject(f"window_{side}", compact(pieces), room.at_wall(side)))
    return placed


def _frame(window: Window, look: Material) -> list[Surface]:
    """Frame, bars, sill and the thickness of the wall, for a wall in the plane x = 0 that faces +x."""
    tall, width = window.top_m - window.sill_m, window.width_m
    middle = (window.sill_m + window.top_m) / 2
    pieces = []
    for side in (-1, 1):
        pieces.append(box((0.26, 0.05, tall + 0.1), look, (-0.10, side * (width / 2 + 0.02), middle)))
        pieces.append(box((0.26, width, 0.05), look, (-0.10, 0, middle + side * (tall / 2 + 0.02))))
    count = max(2, round(width / 1.1))
    for i in range(count + 1):
        y = -width / 2 + 0.03 + (width - 0.06) * i / count
        pieces.append(box((0.06, 0.06, tall), look, (-0.14, y, middle)))
    for z in (window.sill_m + 0.03, window.top_m - 0.03):
        pieces.append(box((0.06, width, 0.06), look, (-0.14, 0, z)))
    if window.sill_m > 0.3:
        pieces.append(box((0.34, width + 0.16, 0.03), look, (0.02, 0, window.sill_m - 0.015), 0.008))
    return pieces


def _pane(window: Window, hour: str, variant: int) -> Surface:
    """Glass that mirrors the room: dark at night; in the evening the sky is seen through it."""
    low, high = (-window.width_m / 2, window.sill_m), (window.width_m / 2, window.top_m)
    y, z = np.meshgrid([low[0], high[0]], [low[1], high[1]])
    strength = 0.8 if hour == NIGHT else 0.0
    if hour == EVENING:
        look = Material(color=(0.16, 0.20, 0.29), roughness=0.15, emission=1.0)
    else:
        look = Material(textures_outdoor.night_view(variant), roughness=0.12, emission=strength)
    across = window.width_m / 3.2
    uv = np.stack(np.meshgrid([0, across], [0, 1.0]), axis=-1)
    return grid_surface(np.stack([0 * y - 0.15, y, z], axis=-1), uv, look)


def _blind(window: Window, drawn: float) -> list[Surface]:
    """Slats of a blind, from the top as far as it is drawn."""
    look = paint((0.80, 0.80, 0.78), 0.5)
    tall = window.top_m - window.sill_m
    count = max(3, int(drawn * tall / 0.05))
    pieces = [box((0.04, window.width_m - 0.04, 0.04), look, (-0.02, 0, window.top_m - 0.02), 0)]
    for i in range(count):
        z = window.top_m - 0.06 - 0.05 * i
        slat = box((0.045, window.width_m - 0.06, 0.003), look, bevel_m=0)
        turn = np.eye(4)
        turn[:3, :3] = np.array([[0.85, 0, 0.53], [0, 1, 0], [-0.53, 0, 0.85]])
        turn[:3, 3] = (-0.02, 0, z)
        pieces.append(transform(slat, turn))
    return pieces


def _radiator(window: Window) -> list[Surface]:
    """A panel radiator below a window."""
    look, width = paint((0.86, 0.86, 0.84), 0.4), min(0.8 * window.width_m, 2.0)
    tall, base = window.sill_m - 0.28, 0.12
    pieces = [box((0.09, width, tall), look, (0.10, 0, base + tall / 2), 0.01)]
    count = int(width / 0.08)
    for i in range(count):
        y = -width / 2 + width * (i + 0.5) / count
        pieces.append(box((0.012, 0.035, tall - 0.08), look, (0.148, y, base + tall / 2), 0.004))
    pieces.append(rod((0.08, width / 2 - 0.05, 0.0), (0.08, width / 2 - 0.05, base), 0.01, METAL, 6))
    return pieces


def curtain(width: float, height: float, look: Material, rng: Rng) -> ObjectMesh:
    """A curtain with folds, along y, its top at ``height``."""
    count = max(4, round(width / 0.09))
    y = np.linspace(-0.5, 0.5, 7 * count + 1)
    phase = rng.uniform(0, 6)
    z = np.linspace(0.02, height, 4)
    wave = 0.032 * np.sin(2 * np.pi * count * y + phase + 0.8 * np.sin(9 * y)) + 0.012 * np.sin(
        14.4 * y + 2 * phase
    )
    depth = wave[None, :] * np.linspace(1.25, 0.75, 4)[:, None]
    sway = 0.02 * np.sin(7 * y + phase)[None, :] * (1 - z[:, None] / height)
    rows = np.stack(np.broadcast_arrays(depth, y * width + sway, z[:, None]), axis=-1)
    uv = np.stack(np.broadcast_arrays(y * width * 1.6, z[:, None]), axis=-1) * 2
    return merge([grid_surface(rows, uv, look)])


def door(rng: Rng) -> ObjectMesh:
    """A door in its frame, shut, its back at x = 0: plain, panelled or with a pane."""
    white = paint(WHITE, 0.45)
    leaf = wooden(rng) if rng.random() < 0.4 else white
    pieces = [
        box((0.05, 0.86, 2.02), leaf, (0.0, 0, 1.01)),
        box((0.06, 1.06, 0.09), white, (0.005, 0, 2.065)),
    ]
    for side in (-1, 1):
        pieces.append(box((0.06, 0.10, 2.02), white, (0.005, side * 0.48, 1.01)))
    kind = int(rng.integers(3))
    if kind == 1:
        for z, tall in ((0.52, 0.7), (1.45, 0.8)):
            pieces.append(box((0.06, 0.6, tall), leaf, (0.0, 0, z), 0.02))
    elif kind == 2:
        pieces.append(
            box((0.054, 0.3, 1.1), Material(color=(0.22, 0.25, 0.26), roughness=0.2), (0, 0.05, 1.3), 0.002)
        )
    pieces.append(rod((0.02, 0.36, 1.03), (0.07, 0.36, 1.03), 0.01, METAL, 8))
    pieces.append(rod((0.07, 0.37, 1.03), (0.07, 0.25, 1.03), 0.01, METAL, 8))
    return compact(pieces)
