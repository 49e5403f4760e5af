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
_COVING_M = 0.07


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


def in_wall(room: Room, side: str, along_m: float) -> float:
    """A wall's own y of a point along +x or +y of the world."""
    return along_m if side in ("west", "north") else -along_m


def wall(
    room: Room, side: str, look: Look, lower: tuple[Look, float] | None = None, coved: bool = False
) -> ObjectMesh:
    """A wall with its windows' holes and a skirting.

    Args:
        room: The room.
        side: One of ``SIDES``.
        look: Its look.
        lower: Another look up to a height, metres: a dado, tiles.
        coved: Whether a white moulding runs under the ceiling.
    """
    length, height = room.wall_length_m(side), room.size_m[2] + _OVERLAP_M
    low, high = -length / 2 - _OVERLAP_M, length / 2 + _OVERLAP_M
    if side in ("west", "north"):
        low -= REACH_M
    else:
        high += REACH_M
    windows = sorted(
        (in_wall(room, side, w.along_m) - w.width_m / 2, in_wall(room, side, w.along_m) + w.width_m / 2, w)
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
    if coved:
        pieces.append(_coving(low, high, room.size_m[2], paint(WHITE, 0.8)))
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
    coved = ceiling is None
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
        placed.append(PlacedObject(f"wall_{side}", wall(room, side, look, lower, coved), room.at_wall(side)))
    return placed


def _coving(y0: float, y1: float, ceiling_m: float, look: Material) -> Surface:
    """A hollow moulding between wall and ceiling, its front only."""
    turn = np.linspace(0, np.pi / 2, 5)
    out = 0.004 + _COVING_M * (1 - np.cos(turn))
    height = ceiling_m - _COVING_M * (1 - np.sin(turn)) - 0.002
    points = np.stack([np.stack([out, np.full(5, y), height], axis=1) for y in (y0, y1)], axis=1)
    return grid_surface(points, points[..., 1:], look)


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
