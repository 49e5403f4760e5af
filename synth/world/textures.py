"""Textures of rooms and furniture, painted in numpy: tileable, sRGB, the same for the same arguments.

Every function is cached in the process, so that surfaces share one array (and one texture on the GPU). Most are
neutral: their mean is a light grey, and ``synth.world.place_materials`` colours them, so that ten colours of wood
need one picture. The comment at each function says how many metres a tile is meant to cover.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from scipy import fft

from spinepose.rng import rng_for

Color = tuple[float, float, float]
SIZE = 512
#: Mean sRGB value of neutral textures.
NEUTRAL = 0.80


@cache
def _amplitude(size: int, slope: float, stretch: tuple[float, float]) -> np.ndarray:
    v = np.fft.fftfreq(size)[:, None] * size * stretch[0]
    u = np.fft.rfftfreq(size)[None, :] * size * stretch[1]
    amplitude = 1 / np.maximum(np.hypot(u, v), 1.0) ** slope
    amplitude[0, 0] = 0
    return amplitude.astype(np.float32)


def noise(
    rng: np.random.Generator, size: int = SIZE, slope: float = 1.5, stretch: tuple[float, float] = (1, 1)
) -> np.ndarray:
    """Tileable cloud-like noise, made in the Fourier domain.

    Args:
        rng: Random numbers.
        size: Pixels along a side.
        slope: Fall of the amplitude with frequency: 0 white, 1 rough, 2 smooth.
        stretch: How much longer the blotches are along rows (v) and columns (u).

    Returns:
        Shape (size, size) float32, mean 0, standard deviation 1.
    """
    numbers = rng.standard_normal((2, size, size // 2 + 1), dtype=np.float32)
    spectrum = (numbers[0] + 1j * numbers[1]) * _amplitude(size, slope, (stretch[0], stretch[1]))
    field = fft.irfft2(spectrum, (size, size), workers=1)
    return field / field.std()


_SLOPES = np.array([0.05, 0.5, 0.9, 1.4, 1.8])


def field(index: int, slope: float, stretch: tuple[float, float] = (1, 1)) -> np.ndarray:
    """Noise of about a slope, read-only: one of two fields that all textures share.

    Making one takes ten milliseconds; indices of the same parity give the same.
    """
    near = float(_SLOPES[np.argmin(np.abs(_SLOPES - slope))])
    return _shared(index % 2, near, (float(stretch[0]), float(stretch[1])))


@cache
def _shared(index: int, slope: float, stretch: tuple[float, float]) -> np.ndarray:
    result = noise(rng_for(index, "texture", "field"), SIZE, slope, stretch)
    result.setflags(write=False)
    return result


def cloud(rng: np.random.Generator, slope: float, stretch: tuple[float, float] = (1, 1)) -> np.ndarray:
    """Noise of about a slope: a shared field, shifted at random."""
    down, right, flip = rng.integers(0, SIZE), rng.integers(0, SIZE), rng.random() < 0.5
    shared = field(int(rng.integers(2)), slope, stretch)
    return np.roll(shared[::-1] if flip else shared, (int(down), int(right)), axis=(0, 1))


def as_bytes(color: np.ndarray) -> np.ndarray:
    """A picture of floats from 0 to 1 as read-only uint8."""
    result = (np.clip(color, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    result.setflags(write=False)
    return result


def toned(value: np.ndarray, warmth: float = 0.0, base: Color = (NEUTRAL,) * 3) -> np.ndarray:
    """A colour made lighter and darker by a field, shape (H, W, 3) float32.

    Args:
        value: Relative change, shape (H, W).
        warmth: How much redder dark pieces are, as they are in wood and leather.
        base: Colour where the field is 0.
    """
    weights = np.array([1.0 - warmth, 1.0, 1.0 + warmth], np.float32)
    return np.asarray(base, np.float32) * (1 + value[..., None].astype(np.float32) * weights)


def stamp_lines(picture: np.ndarray, start: np.ndarray, step: np.ndarray, color: np.ndarray) -> None:
    """Draw straight strokes, one pixel wide, that wrap round the borders; later ones cover earlier ones.

    Args:
        picture: Shape (H, W, 3), changed in place.
        start: Row and column of each stroke's start, shape (N, 2).
        step: Its extent in rows and columns, shape (N, 2).
        color: Shape (N, 3).
    """
    count = int(np.abs(step).max()) + 1
    along = np.linspace(0, 1, count, dtype=np.float32)
    rows = (start[:, None, 0] + step[:, None, 0] * along).astype(np.int32) % picture.shape[0]
    columns = (start[:, None, 1] + step[:, None, 1] * along).astype(np.int32) % picture.shape[1]
    picture[rows.ravel(), columns.ravel()] = np.repeat(color.astype(picture.dtype), count, axis=0)


def stamp_dots(
    picture: np.ndarray, center: np.ndarray, axes: np.ndarray, turn: np.ndarray, color: np.ndarray
) -> None:
    """Draw filled ellipses that wrap round the borders; later ones cover earlier ones.

    Args:
        picture: Shape (H, W, C), changed in place.
        center: Row and column, shape (N, 2).
        axes: Half axes, pixels, shape (N, 2).
        turn: Angle of the first axis to the columns, shape (N,).
        color: Shape (N, C).
    """
    reach = int(np.ceil(axes.max()))
    offset = np.arange(-reach, reach + 1)
    dv, du = (grid.ravel() for grid in np.meshgrid(offset, offset, indexing="ij"))
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    inside = ((du * cos + dv * sin) / axes[:, :1]) ** 2 + ((dv * cos - du * sin) / axes[:, 1:]) ** 2 <= 1
    which, spot = np.nonzero(inside)
    rows = (center[which, 0].astype(np.int32) + dv[spot]) % picture.shape[0]
    columns = (center[which, 1].astype(np.int32) + du[spot]) % picture.shape[1]
    picture[rows, columns] = color.astype(picture.dtype)[which]


# --- wood


@cache
def _grain(variant: int) -> np.ndarray:
    """Grain along u, about 0 with a standard deviation near 1, shape (SIZE, SIZE)."""
    rng = rng_for(variant, "texture", "grain")
    warp, fibre = cloud(rng, 1.8, (1, 7)), cloud(rng, 0.5, (1, 45))
    place = np.arange(SIZE, dtype=np.float32) / SIZE
    phase = (6.0 + 3 * variant) * place[:, None] + (0.55 + 0.35 * variant) * warp
    knot_dark = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(2 + variant):
        dv, du = ((place - np.float32(rng.random()) + 0.5) % 1 - 0.5 for _ in range(2))
        near = np.exp(-((dv * 26) ** 2))[:, None] * np.exp(-((du * 9) ** 2))[None, :]
        phase += 1.6 * near
        knot_dark += np.square(near * near * near)
    share = phase % 1.0
    ring = share * share * (0.8 + 0.2 * share)  # early wood is light and wide, late wood dark and narrow
    return (1.6 * (0.31 - ring) + 0.55 * fibre + 0.35 * warp - 3.0 * knot_dark).astype(np.float32)


@cache
def wood(variant: int) -> np.ndarray:
    """Wood with its grain along u, neutral; 1 m."""
    return as_bytes(toned(0.10 * _grain(variant % 3), 0.22))


@cache
def planks(variant: int, rows: int = 8) -> np.ndarray:
    """A floor of boards along u, each of its own tone, neutral; 1.4 m with 8 rows."""
    rng = rng_for(variant, "texture", "planks")
    size = 2 * SIZE
    grain = _grain(variant % 3)
    row = np.arange(size) * rows // size
    cut = rng.uniform(0, 1, rows)[row]
    column = (np.arange(size)[None, :] / size + cut[:, None]) % 1.0
    board = (column * 2).astype(int)
    tone = rng.normal(0, 1, (rows, 2)).clip(-2, 2).astype(np.float32)[row[:, None], board]
    shift = rng.integers(0, SIZE, (rows, 2))[row[:, None], board]
    index = (np.arange(size)[None, :] + shift) % SIZE
    line = (np.arange(size) + 131 * row)[:, None] % SIZE
    value = 0.065 * tone + 0.07 * grain[line, index] + 0.02 * np.tile(_worn(), (2, 2))
    across = (np.arange(size) * rows / size % 1.0)[:, None]
    gap = np.minimum(np.minimum(across, 1 - across) / 0.012, np.abs((column * 2 + 0.5) % 1.0 - 0.5) / 0.003)
    return as_bytes(toned(value, 0.2) * (0.5 + 0.5 * np.clip(gap, 0, 1))[..., None].astype(np.float32))


@cache
def parquet(variant: int) -> np.ndarray:
    """Herringbone parquet, neutral; 1.28 m, its staves 8 by 32 cm."""
    rng = rng_for(variant, "texture", "parquet")
    size, cells, length = 2 * SIZE, 16, 4
    grain = _grain(variant % 3)
    place = np.arange(size) * cells / size
    i, j = np.meshgrid(place.astype(int), place.astype(int))
    m = (i - j) % (2 * length)
    flat = m < length
    along = np.where(flat, m, 2 * length - 1 - m)
    first_i, first_j = np.where(flat, i - along, i) % cells, np.where(flat, j, j - along) % cells
    tone = rng.normal(0, 1, (cells, cells)).clip(-2, 2).astype(np.float32)[first_j, first_i]
    shift = rng.integers(0, SIZE, (cells, cells))[first_j, first_i]
    u, v = np.meshgrid(np.arange(size), np.arange(size))
    line, index = np.where(flat, v, u) % SIZE, (np.where(flat, u, v) + shift) % SIZE
    across = np.where(flat, place[:, None] % 1, place[None, :] % 1)
    share = (along + np.where(flat, place[None, :] % 1, place[:, None] % 1)) / length
    edge = np.minimum(np.minimum(across, 1 - across) / 0.02, np.minimum(share, 1 - share) / 0.006)
    value = 0.075 * tone + 0.06 * grain[line, index] + 0.02 * np.tile(_worn(), (2, 2))
    return as_bytes(toned(value, 0.2) * (0.6 + 0.4 * np.clip(edge, 0, 1))[..., None].astype(np.float32))


@cache
def _worn() -> np.ndarray:
    """Trodden and spilled on: blotches with faint scratches, about 0."""
    rng = rng_for(0, "texture", "worn")
    lines = np.zeros((SIZE, SIZE, 1), np.float32)
    count = SIZE // 6
    angle, length = rng.uniform(0, np.pi, count), rng.uniform(0.02, 0.12, count) * SIZE
    step = np.stack([np.sin(angle) * length, np.cos(angle) * length], axis=1)
    stamp_lines(lines, rng.uniform(0, SIZE, (count, 2)), step, rng.choice([-1.5, 1.5], (count, 1)))
    return 0.9 * cloud(rng, 1.4) + cv2.GaussianBlur(lines[..., 0], (0, 0), 0.7)


# --- floors and walls


@cache
def tiles(variant: int, count: int = 4) -> np.ndarray:
    """Square tiles with darker grout, neutral; 1.6 m with 4 tiles."""
    rng = rng_for(variant, "texture", "tiles")
    clouds = cloud(rng, 1.3)
    place = np.arange(SIZE) * count / SIZE
    cell = place.astype(int)
    tone = rng.normal(0, 1, (count, count)).astype(np.float32)[cell[:, None], cell[None, :]]
    turn = rng.integers(0, SIZE, (count, count))[cell[:, None], cell[None, :]]
    veins = clouds[np.arange(SIZE)[:, None], (np.arange(SIZE)[None, :] + turn) % SIZE]
    edge = np.minimum(place % 1, 1 - place % 1)
    inside = np.minimum(edge[:, None], edge[None, :])
    share = np.clip((inside - 0.010) / 0.008, 0, 1)[..., None].astype(np.float32)
    dirt = 0.03 * field(3, 1.6)
    grout = toned(0.06 * clouds - 0.34 + dirt)
    return as_bytes(toned(0.025 * tone + 0.02 * veins + 0.5 * dirt) * share + grout * (1 - share))


@cache
def plaster(variant: int) -> np.ndarray:
    """Painted wall: the roller's grain, faint unevenness, neutral; 2 m."""
    rng = rng_for(variant, "texture", "plaster")
    return as_bytes(toned(0.010 * cloud(rng, 1.7) + 0.010 * cloud(rng, 0.35), base=(0.9,) * 3))


@cache
def wallpaper(variant: int) -> np.ndarray:
    """Wallpaper: woven lines, stripes or a lattice of rosettes tone in tone, neutral; 1 m."""
    rng = rng_for(variant, "texture", "wallpaper")
    v, u = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    count = int(rng.integers(4, 9))
    if variant % 3 == 0:
        pattern = (np.sin(2 * np.pi * count * u) > rng.uniform(-0.5, 0.7)).astype(np.float32)
    elif variant % 3 == 1:
        pattern = 0.5 + 0.25 * cloud(rng, 0.4, (30, 1)) + 0.15 * cloud(rng, 0.4, (1, 20))
    else:
        odd = np.floor(v * count) % 2
        du, dv = (u * count + odd / 2) % 1 - 0.5, (v * count) % 1 - 0.5
        petals = 0.22 + 0.12 * np.cos(int(rng.integers(4, 8)) * np.arctan2(dv, du))
        pattern = (np.hypot(du, dv) < petals).astype(np.float32)
    pattern = cv2.GaussianBlur(pattern, (0, 0), 0.8)
    return as_bytes(toned(-0.09 * pattern + 0.012 * cloud(rng, 0.8), 0.1, (0.88,) * 3))


@cache
def fabric(variant: int) -> np.ndarray:
    """Upholstery: plain weave, bouclé or twill, neutral; 0.5 m."""
    rng = rng_for(variant, "texture", "fabric")
    v, u = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    if variant % 3 == 0:
        weave = np.sin(u * np.pi / 4) * np.sin(v * np.pi / 4)
    elif variant % 3 == 1:
        weave = 0.6 * cloud(rng, 0.7) * np.sin(0.4 * u + 3 * cloud(rng, 1.4))
    else:
        weave = np.sin((u + v) * np.pi / 4)
    melange = cloud(rng, 0.2) + 0.35 * cloud(rng, 1.5)
    return as_bytes(toned(0.09 * weave + 0.05 * melange, 0.05))


@cache
def rug(variant: int, first: Color, second: Color, third: Color) -> np.ndarray:
    """A whole rug with a border, faded and trodden: not tileable."""
    rng = rng_for(variant, "texture", "rug")
    v, u = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE), indexing="ij")
    wave = 0.004 * np.stack([cloud(rng, 1.8), cloud(rng, 1.8)])
    u, v = u + wave[0], v + wave[1]
    colors = np.array([first, second, third], np.float32)
    kind, count = variant % 4, int(rng.integers(3, 8))
    if kind == 0:
        index = (np.floor((u + 1) * count) % 3).astype(int)
    elif kind == 1:
        index = (np.floor((np.abs(u) + np.abs(v)) * count) % 3).astype(int)
    elif kind == 2:
        cells = np.abs((u * count) % 2 - 1) + np.abs((v * count) % 2 - 1)
        index = np.digitize(cells, [0.45, 1.1])
    else:  # plain, with a band
        index = np.zeros(u.shape, int)
    edge = np.maximum(np.abs(u), np.abs(v))
    index = np.where(edge > 0.9, 1, np.where(edge > 0.84, 2, index))
    pile = 0.09 * cloud(rng, 0.1) + 0.06 * cloud(rng, 1.3)
    faded = 0.82 * colors[index] + 0.18 * colors.mean(axis=0)
    return as_bytes(faded * (1 + pile[..., None]))


@cache
def carpet(variant: int, squares: int = 0) -> np.ndarray:
    """Fitted carpet, or carpet squares laid in turns, neutral; 1 m."""
    rng = rng_for(variant, "texture", "carpet")
    value = 0.085 * cloud(rng, 0.08) + 0.03 * cloud(rng, 1.3)
    if squares:
        place = np.arange(SIZE) * squares / SIZE
        odd = ((place.astype(int)[:, None] + place.astype(int)[None, :]) % 2).astype(np.float32)
        lines = cloud(rng, 0.3, (14, 1))
        value += 0.06 * np.where(odd > 0, lines, lines.T) + 0.035 * (odd - 0.5)
        edge = np.minimum(place % 1, 1 - place % 1)
        value -= 0.1 * (np.minimum(edge[:, None], edge[None, :]) < 0.006)
    return as_bytes(toned(value))


@cache
def vinyl(variant: int) -> np.ndarray:
    """Sheet vinyl with chips tone in tone, neutral; 1 m."""
    rng = rng_for(variant, "texture", "vinyl")
    picture = toned(0.012 * cloud(rng, 1.5) + 0.015 * _worn())
    count = 2600
    tone = NEUTRAL * (1 + rng.normal(0, 0.07, (count, 1)) * [1.0, 1.0, 1.0])
    axes = rng.uniform(1.0, 4.0, (count, 2))
    stamp_dots(picture, rng.uniform(0, SIZE, (count, 2)), axes, rng.uniform(0, np.pi, count), tone)
    return as_bytes(cv2.GaussianBlur(picture, (0, 0), 0.6))


@cache
def rubber(variant: int) -> np.ndarray:
    """Rubber granulate of a gym's floor, black with a few grey and coloured flecks; 1 m."""
    rng = rng_for(variant, "texture", "rubber")
    base = np.array([[0.15, 0.15, 0.16], [0.19, 0.19, 0.20], [0.24, 0.25, 0.26]])[variant % 3]
    picture = toned(0.13 * cloud(rng, 0.15) + 0.06 * cloud(rng, 1.3), base=tuple(base))
    fleck = np.array([[0.45, 0.46, 0.48], [0.30, 0.38, 0.50], [0.42, 0.30, 0.28]])[variant % 3]
    count = 1500
    color = base + (fleck - base) * rng.uniform(0.15, 0.9, (count, 1))
    axes = rng.uniform(0.8, 2.6, (count, 2))
    stamp_dots(picture, rng.uniform(0, SIZE, (count, 2)), axes, rng.uniform(0, np.pi, count), color)
    return as_bytes(picture)


@cache
def concrete(variant: int) -> np.ndarray:
    """Concrete or screed: clouds, pores, stains, neutral; 2.5 m."""
    rng = rng_for(variant, "texture", "concrete")
    value = 0.055 * cloud(rng, 1.35) + 0.05 * cloud(rng, 0.1)
    picture = toned(value, 0.03)
    count = 260
    axes = np.repeat(rng.uniform(0.7, 2.2, (count, 1)), 2, axis=1)
    tone = NEUTRAL * rng.uniform(0.55, 0.85, (count, 1)) * np.ones(3)
    stamp_dots(picture, rng.uniform(0, SIZE, (count, 2)), axes, np.zeros(count), tone)
    return as_bytes(picture)


@cache
def cardboard() -> np.ndarray:
    """Corrugated cardboard, neutral; 0.5 m."""
    rng = rng_for(0, "texture", "cardboard")
    v = np.arange(SIZE)[:, None]
    flutes = np.sin(v * 2 * np.pi * 64 / SIZE) * np.ones((1, SIZE))
    return as_bytes(toned(0.012 * flutes + 0.02 * cloud(rng, 1.4) + 0.02 * cloud(rng, 0.3)))


@cache
def ceiling_panels() -> np.ndarray:
    """A ceiling of mineral panels, 60 cm each, neutral; 1.2 m."""
    rng = rng_for(0, "texture", "ceiling")
    place = np.arange(SIZE) * 2 / SIZE
    edge = np.minimum(place % 1, 1 - place % 1)
    inside = np.minimum(edge[:, None], edge[None, :])
    tone = rng.normal(0, 0.012, (2, 2))[place.astype(int)[:, None], place.astype(int)[None, :]]
    picture = toned(tone + 0.012 * cloud(rng, 0.4), base=(0.9,) * 3)
    holes = rng.uniform(0, SIZE, (2200, 2))
    stamp_dots(picture, holes, np.full((2200, 2), 0.8), np.zeros(2200), np.full((2200, 3), 0.74))
    # Rails stand out smooth and bright; panels sink a little behind them, in their shadow.
    picture[inside < 0.034] = 0.60
    picture[inside < 0.022] = 0.93
    return as_bytes(picture)
