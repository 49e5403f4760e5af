"""Rooms without their furniture: floors, walls with windows, ceilings, skirting, doors, lamps on ceilings.

As on a film set, the walls to the west and the south are seen from within only: cameras may stand up to
``REACH_M`` behind them and look through. Floor, ceiling and the other walls go on that far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth.world import textures, textures_outdoor
from synth.world.light import Lamp, Rgb
from synth.world.meshes import (
    Material,
    ObjectMesh,
    Surface,
    grid_surface,
    merge,
    moved,
    pose_matrix,
    transform,
)
from synth.world.place_hours import EVENING, NIGHT
from synth.world.place_materials import (
    ACCENT_WALLS,
    METAL,
    WALLS,
    WHITE,
    compact,
    glow,
    paint,
    pick,
    tinted,
    wooden,
)
from synth.world.place_types import Place, PlacedObject
from synth.world.solids import box, plane, rod

Rng = np.random.Generator
Look = tuple[Material, float]  # a material and how many of its tiles a metre takes
REACH_M = 2.6
_OVERLAP_M = 0.4  # beyond the corners, or the sun's soft shadow lets light in there
_THICK_M = 0.24  # one sheet lets the sun in along its edges: shadow maps need some thickness
SIDES = ("west", "south", "east", "north")
_SKIRTING_M = 0.09


@dataclass(frozen=True)
class Window:
    """A window of a wall: where its middle is along the wall, its width, its sill and its top, metres."""

    along_m: float
    width_m: float
    sill_m: float = 0.85
    top_m: float = 2.2


@dataclass(frozen=True)
class Room:
    """A box of walls.

    Attributes:
        size_m: Extent in x and y, and height.
        windows: Windows by wall; the walls to the west and south have none.
    """

    size_m: tuple[float, float, float]
    windows: dict[str, tuple[Window, ...]]

    def wall_length_m(self, side: str) -> float:
        return self.size_m[1] if side in ("west", "east") else self.size_m[0]

    def at_wall(self, side: str, along_m: float = 0.0, out_m: float = 0.0, z_m: float = 0.0) -> np.ndarray:
        """Where a thing stands whose back is to a wall and whose front, +x, looks into the room.

        ``along_m`` counts along +x or +y of the world.
        """
        x, y = self.size_m[0] / 2 - out_m, self.size_m[1] / 2 - out_m
        position, yaw = {
            "west": ((-x, along_m, z_m), 0.0),
            "south": ((along_m, -y, z_m), np.pi / 2),
            "east": ((x, along_m, z_m), np.pi),
            "north": ((along_m, y, z_m), -np.pi / 2),
        }[side]
        return pose_matrix(position, yaw)

    def camera_area_m(self) -> tuple[float, float, float, float]:
        x, y = self.size_m[0] / 2, self.size_m[1] / 2
        return (-x - REACH_M + 0.2, -y - REACH_M + 0.2, x - 0.25, y - 0.45)

    def window_lamps(self, strength: float) -> list[Lamp]:
        """Windows as lamps: one for each wall that has some."""
        lamps = []
        for side, windows in self.windows.items():
            if not windows:
                continue
            middle = float(np.mean([w.along_m for w in windows]))
            height = float(np.mean([(w.sill_m + w.top_m) / 2 for w in windows]))
            matrix = self.at_wall(side, middle, 0.35, height)
            inwards = matrix[:3, 0]
            place = tuple(float(c) for c in matrix[:3, 3])
            axis = (float(inwards[0]), float(inwards[1]), -0.12)
            lamps.append(Lamp(place, strength=strength, radius_m=0.7, direction=axis, casts_shadow=True))  # type: ignore[arg-type]
        return lamps


def set_area(room: Room, free_area_m: tuple[float, float, float, float], place: Place) -> Place:
    """A place with the areas of a room."""
    return replace(
        place,
        free_area_m=free_area_m,
        camera_area_m=room.camera_area_m(),
        camera_height_m=(0.25, min(room.size_m[2] - 0.35, 3.2)),
        enclosed=True,
        shadow_radius_m=8.0,
    )


# --- walls, floor, ceiling


def wall_rand(rng: Rng, papered: float = 0.25) -> Look:
    """The look of a wall: mostly plaster of a pale colour."""
    lot = rng.random()
    if lot < papered:
        return tinted(textures.wallpaper(int(rng.integers(6))), pick(rng, WALLS), 0.85), 1.0
    if lot < papered + 0.06:
        return Material(textures_outdoor.brick(int(rng.integers(4))), roughness=0.9), 1 / 1.2
    colors = ACCENT_WALLS if rng.random() < 0.12 else WALLS
    return tinted(textures.plaster(int(rng.integers(2))), pick(rng, colors), 0.88), 0.5


def wood_floor_rand(rng: Rng) -> Look:
    """Boards or parquet."""
    color = pick(
        rng,
        ((0.62, 0.49, 0.35), (0.52, 0.38, 0.26), (0.70, 0.60, 0.47), (0.44, 0.33, 0.25), (0.58, 0.50, 0.42)),
    )
    rough = float(rng.uniform(0.35, 0.6))
    if rng.random() < 0.3:
        return tinted(textures.parquet(int(rng.integers(2))), color, rough), 1 / 1.28
    return tinted(textures.planks(int(rng.integers(3))), color, rough), 1 / 1.4


def floor_rand(rng: Rng) -> Look:
    """A floor of a dwelling: wood, tiles or carpet."""
    kind = rng.random()
    if kind < 0.62:
        return wood_floor_rand(rng)
    if kind < 0.8:
        color = pick(rng, ((0.70, 0.68, 0.64), (0.56, 0.52, 0.48), (0.62, 0.63, 0.64)))
        return tinted(textures.tiles(int(rng.integers(2))), color, 0.4), 1 / 2.0
    color = pick(rng, ((0.55, 0.52, 0.48), (0.44, 0.45, 0.46), (0.60, 0.55, 0.47)))
    return tinted(textures.carpet(int(rng.integers(2))), color, 1.0, specular=0.02, macro=0.21), 1.0


def _wall_piece(low: tuple[float, float], high: tuple[float, float], look: Look) -> Surface:
    """A piece of a wall in the plane x = 0 that faces +x, between two (y, z) corners."""
    y, z = np.meshgrid([low[0], high[0]], [low[1], high[1]])
    return grid_surface(np.stack([0 * y, y, z], axis=-1), np.stack([y, z], axis=-1) * look[1], look[0])


def _in_wall(room: Room, side: str, along_m: float) -> float:
    """A wall's own y of a point along +x or +y of the world."""
    return along_m if side in ("west", "north") else -along_m


def wall(room: Room, side: str, look: Look, lower: tuple[Look, float] | None = None) -> ObjectMesh:
    """A wall with its windows' holes and a skirting.

    Args:
        room: The room.
        side: One of ``SIDES``.
        look: Its look.
        lower: Another look up to a height, metres: a dado, tiles.
    """
    length, height = room.wall_length_m(side), room.size_m[2] + _OVERLAP_M
    low, high = -length / 2 - _OVERLAP_M, length / 2 + _OVERLAP_M
    if side in ("west", "north"):
        low -= REACH_M
    else:
        high += REACH_M
    windows = sorted(
        (_in_wall(room, side, w.along_m) - w.width_m / 2, _in_wall(room, side, w.along_m) + w.width_m / 2, w)
        for w in room.windows.get(side, ())
    )
    pieces, y = [], low
    split = lower[1] if lower else -_OVERLAP_M
    for start, end, window in windows:
        pieces += _column(y, start, -_OVERLAP_M, height, split, look, lower)
        pieces += _column(start, end, -_OVERLAP_M, window.sill_m, split, look, lower)
        pieces += _column(start, end, window.top_m, height, split, look, lower)
        y = end
    pieces += _column(y, high, -_OVERLAP_M, height, split, look, lower)
    pieces += [moved(piece, (-_THICK_M, 0, 0)) for piece in pieces]
    pieces.append(_skirting(low, high, paint(WHITE, 0.5)))
    return merge(pieces)


def _column(
    y0: float, y1: float, z0: float, z1: float, split: float, look: Look, lower: tuple[Look, float] | None
) -> list[Surface]:
    if y1 - y0 < 1e-6 or z1 - z0 < 1e-6:
        return []
    if lower is None or split <= z0:
        return [_wall_piece((y0, z0), (y1, z1), look)]
    if split >= z1:
        return [_wall_piece((y0, z0), (y1, z1), lower[0])]
    return [_wall_piece((y0, z0), (y1, split), lower[0]), _wall_piece((y0, split), (y1, z1), look)]


def _skirting(y0: float, y1: float, look: Material) -> Surface:
    """Its front only, so that nothing of it is seen from behind the wall."""
    points = np.array(
        [[[0.016, y0, 0.0], [0.016, y1, 0.0]], [[0.012, y0, _SKIRTING_M], [0.012, y1, _SKIRTING_M]]]
    )
    return grid_surface(points, points[..., 1:], look)


def shell(
    room: Room,
    floor: Look,
    walls: Look,
    accent: Look | None = None,
    ceiling: Look | None = None,
    lower: tuple[Look, float] | None = None,
) -> list[PlacedObject]:
    """Floor, ceiling and four walls.

    Args:
        room: The room.
        floor: Look of the floor.
        walls: Look of the walls.
        accent: Look of the wall to the east, where another is wanted.
        ceiling: Look of the ceiling; white plaster where absent.
        lower: Another look of all walls up to a height, metres.
    """
    x, y, z = room.size_m
    wide, deep = x + 2 * _OVERLAP_M + REACH_M, y + 2 * _OVERLAP_M + REACH_M
    middle = (-REACH_M / 2, -REACH_M / 2, 0.0)
    ceiling = ceiling or (tinted(textures.plaster(0), (0.91, 0.91, 0.90), 0.95), 0.5)
    above = transform(plane((wide, deep), ceiling[0], ceiling[1]), np.diag([1.0, -1.0, -1.0, 1.0]))
    ground = moved(plane((wide, deep), floor[0], floor[1]), middle)
    above = moved(above, middle)
    placed = [
        PlacedObject("floor", merge([ground]), np.eye(4)),
        PlacedObject("ceiling", merge([above, moved(above, (0, 0, _THICK_M))]), pose_matrix((0, 0, z))),
    ]
    for side in SIDES:
        look = accent if accent and side == "east" else walls
        placed.append(PlacedObject(f"wall_{side}", wall(room, side, look, lower), room.at_wall(side)))
    return placed


# --- windows and doors


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
            at = _in_wall(room, side, window.along_m)
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


def fronts(mesh: ObjectMesh) -> ObjectMesh:
    """What of a thing on a wall faces the room: cameras behind the wall must not see its back."""
    kept = []
    for surface in mesh.surfaces:
        corners = surface.positions_m[surface.faces]
        turned = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        kept.append(
            replace(surface, faces=surface.faces[turned[:, 0] > 0.25 * np.linalg.norm(turned, axis=1)])
        )
    return ObjectMesh(tuple(surface for surface in kept if len(surface.faces)))


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


# --- lamps


def linear_lamps(
    spots: Sequence[tuple[float, float]], length_m: float, color: Rgb, on: float, drop_m: float = 0.0
) -> ObjectMesh:
    """Lamps along y under a ceiling whose height is the origin's: a tray with a bright cover.

    Args:
        spots: x and y of each, metres.
        length_m: Their length.
        color: Linear RGB of their light.
        on: Brightness; 0 is off.
        drop_m: How far below the ceiling they hang.
    """
    pieces: list[Surface] = []
    tray = paint((0.82, 0.82, 0.81), 0.5)
    for x, y in spots:
        pieces.append(box((0.16, length_m, 0.06), tray, (x, y, -drop_m - 0.03), 0.01))
        cover = glow(color, on) if on > 0 else paint((0.78, 0.78, 0.76), 0.5)
        pieces.append(box((0.12, length_m - 0.04, 0.03), cover, (x, y, -drop_m - 0.065), 0.01))
        if drop_m > 0.05:
            for side in (-0.35, 0.35):
                pieces.append(
                    rod((x, y + side * length_m, -drop_m), (x, y + side * length_m, 0), 0.004, METAL, 5)
                )
    return compact(pieces)


def panel_lamps(spots: Sequence[tuple[float, float]], color: Rgb, on: float) -> ObjectMesh:
    """Square lamps let into a ceiling of panels."""
    pieces: list[Surface] = []
    look = glow(color, on) if on > 0 else paint((0.80, 0.80, 0.78), 0.5)
    for x, y in spots:
        pieces.append(box((0.62, 0.62, 0.016), paint((0.80, 0.80, 0.79), 0.5), (x, y, -0.008), 0))
        pieces.append(box((0.57, 0.57, 0.01), look, (x, y, -0.014), 0))
    return compact(pieces)


# --- what hangs on walls


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
