"""Textures of building materials, painted in numpy: tileable, sRGB, the same for the same arguments.

Every function is cached in the process, so that surfaces share one array (and one texture on the GPU). Colours
are sRGB from 0 to 1. The comment at each function says how many metres a tile is meant to cover.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from spinepose.rng import rng_for

Color = tuple[float, float, float]
SIZE = 512


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
        Shape (size, size), mean 0, standard deviation 1.
    """
    v = np.fft.fftfreq(size)[:, None] * size * stretch[0]
    u = np.fft.rfftfreq(size)[None, :] * size * stretch[1]
    amplitude = 1 / np.maximum(np.hypot(u, v), 1.0) ** slope
    amplitude[0, 0] = 0
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * amplitude
    field = np.fft.irfft2(spectrum, (size, size))
    return field / field.std()


def _bytes(color: np.ndarray) -> np.ndarray:
    result = (np.clip(color, 0, 1) * 255 + 0.5).astype(np.uint8)
    result.setflags(write=False)
    return result


def _shade(base: Color, value: np.ndarray, strength: float) -> np.ndarray:
    """A colour made lighter and darker by a field, shape (H, W, 3)."""
    return np.asarray(base) * (1 + strength * value[..., None])


@cache
def wood(seed: int, base: Color = (0.55, 0.38, 0.24)) -> np.ndarray:
    """Wood with its grain along u; 1 m."""
    rng = rng_for(seed, "texture", "wood")
    warp = noise(rng, slope=2.0, stretch=(1, 6))
    rows = np.arange(SIZE)[:, None] / SIZE
    rings = np.sin(2 * np.pi * (14 * rows + 0.9 * warp))
    fibre = noise(rng, slope=0.6, stretch=(1, 40))
    return _bytes(_shade(base, 0.5 * rings + 0.8 * fibre + 0.8 * warp, 0.075))


@cache
def planks(seed: int, base: Color = (0.60, 0.44, 0.29), rows: int = 8) -> np.ndarray:
    """A floor of boards along u, each of its own tone; 1.2 m with 8 rows."""
    rng = rng_for(seed, "texture", "planks")
    size = 2 * SIZE
    fibre = noise(rng, size, 0.6, (1, 40))
    warp = noise(rng, size, 1.8, (1, 6))
    row = np.arange(size) * rows // size
    cut = rng.uniform(0, 1, rows)[row]  # where each row's two boards meet
    column = (np.arange(size)[None, :] / size + cut[:, None]) % 1.0
    board = (column * 2).astype(int)
    tone = rng.normal(0, 1, (rows, 2))[row[:, None], board]
    shift = rng.integers(0, size, (rows, 2))[row[:, None], board]
    index = (np.arange(size)[None, :] + shift) % size
    line = np.arange(size)[:, None]
    grain = 0.7 * fibre[line, index] + 0.7 * warp[line, index]
    color = _shade(base, 0.085 * tone + 0.06 * grain, 1.0)
    across = (np.arange(size) * rows / size % 1.0)[:, None]
    gap = (across < 0.016) | (np.abs(column * 2 % 1.0) < 0.0035)
    return _bytes(np.where(gap[..., None], color * 0.45, color))


@cache
def tiles(
    seed: int, base: Color = (0.72, 0.70, 0.66), count: int = 4, grout: Color = (0.5, 0.48, 0.45)
) -> np.ndarray:
    """Square tiles with grout; 1.6 m with 4 tiles."""
    rng = rng_for(seed, "texture", "tiles")
    cloud = noise(rng, slope=1.4)
    place = np.arange(SIZE) * count / SIZE
    cell = place.astype(int)
    tone = rng.normal(0, 1, (count, count))[cell[:, None], cell[None, :]]
    edge = np.minimum(place % 1, 1 - place % 1)
    inside = np.minimum(edge[:, None], edge[None, :])
    color = _shade(base, 0.035 * tone + 0.03 * cloud, 1.0)
    share = np.clip((inside - 0.012) / 0.01, 0, 1)[..., None]
    return _bytes(color * share + np.asarray(grout) * (1 + 0.05 * cloud[..., None]) * (1 - share))


@cache
def plaster(seed: int, base: Color = (0.85, 0.83, 0.78)) -> np.ndarray:
    """Painted wall: faint unevenness; 2 m."""
    rng = rng_for(seed, "texture", "plaster")
    return _bytes(_shade(base, 0.6 * noise(rng, slope=1.6) + 0.5 * noise(rng, slope=0.4), 0.016))


@cache
def wallpaper(seed: int, base: Color, motif: Color) -> np.ndarray:
    """Wallpaper: stripes or a lattice of rosettes; 1 m."""
    rng = rng_for(seed, "texture", "wallpaper")
    v, u = np.meshgrid(np.arange(SIZE) / SIZE, np.arange(SIZE) / SIZE, indexing="ij")
    count = int(rng.integers(4, 9))
    if rng.random() < 0.5:
        pattern = (np.sin(2 * np.pi * count * u) > rng.uniform(-0.5, 0.7)).astype(float)
    else:
        odd = np.floor(v * count) % 2
        du, dv = (u * count + odd / 2) % 1 - 0.5, (v * count) % 1 - 0.5
        petals = 0.22 + 0.12 * np.cos(int(rng.integers(4, 8)) * np.arctan2(dv, du))
        pattern = (np.hypot(du, dv) < petals).astype(float)
    pattern = cv2.GaussianBlur(pattern, (0, 0), 0.8)[..., None]
    color = np.asarray(base) * (1 - pattern) + np.asarray(motif) * pattern
    return _bytes(color * (1 + 0.02 * noise(rng, slope=0.8)[..., None]))


@cache
def fabric(seed: int, base: Color = (0.45, 0.47, 0.50)) -> np.ndarray:
    """Woven upholstery; 0.5 m."""
    rng = rng_for(seed, "texture", "fabric")
    v, u = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
    weave = np.sin(u * np.pi / 4) * np.sin(v * np.pi / 4)
    melange = noise(rng, slope=0.2) + 0.5 * noise(rng, slope=1.5)
    return _bytes(_shade(base, 0.10 * weave + 0.06 * melange, 1.0))


@cache
def rug(seed: int, first: Color, second: Color, third: Color) -> np.ndarray:
    """A whole rug with a border: not tileable."""
    rng = rng_for(seed, "texture", "rug")
    v, u = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE), indexing="ij")
    colors = np.array([first, second, third])
    kind, count = int(rng.integers(3)), int(rng.integers(3, 8))
    if kind == 0:
        index = (np.floor((u + 1) * count) % 3).astype(int)
    elif kind == 1:
        index = (np.floor((np.abs(u) + np.abs(v)) * count) % 3).astype(int)
    else:
        cells = np.abs((u * count) % 2 - 1) + np.abs((v * count) % 2 - 1)
        index = np.digitize(cells, [0.45, 1.1])
    edge = np.maximum(np.abs(u), np.abs(v))
    index = np.where(edge > 0.9, 1, np.where(edge > 0.84, 2, index))
    pile = 0.07 * noise(rng, slope=0.1) + 0.05 * noise(rng, slope=1.3)
    return _bytes(colors[index] * (1 + pile[..., None]))


@cache
def carpet(seed: int, base: Color = (0.50, 0.47, 0.43)) -> np.ndarray:
    """Fitted carpet; 1 m."""
    rng = rng_for(seed, "texture", "carpet")
    return _bytes(_shade(base, 0.07 * noise(rng, slope=0.1) + 0.03 * noise(rng, slope=1.2), 1.0))


@cache
def brick(seed: int, base: Color = (0.55, 0.30, 0.23), rows: int = 14) -> np.ndarray:
    """Brick wall in running bond; 1.05 m with 14 rows."""
    rng = rng_for(seed, "texture", "brick")
    row = np.arange(SIZE) * rows / SIZE
    line = row.astype(int)
    columns = rows // 3
    place = np.arange(SIZE)[None, :] * columns / SIZE + 0.5 * (line % 2)[:, None]
    tone = rng.normal(0, 1, (rows, columns))[line[:, None], place.astype(int) % columns]
    grit = noise(rng, slope=0.5)
    color = _shade(base, 0.13 * tone + 0.06 * grit, 1.0)
    mortar = ((row % 1)[:, None] < 0.14) | (place % 1 < 0.05)
    return _bytes(np.where(mortar[..., None], _shade((0.62, 0.60, 0.56), grit, 0.05), color))


@cache
def concrete(seed: int, base: Color = (0.56, 0.55, 0.53)) -> np.ndarray:
    """Concrete or asphalt; 2 m."""
    rng = rng_for(seed, "texture", "concrete")
    return _bytes(_shade(base, 0.06 * noise(rng, slope=1.2) + 0.09 * noise(rng, slope=0.05), 1.0))


@cache
def gravel(seed: int, base: Color = (0.62, 0.56, 0.47)) -> np.ndarray:
    """A path of small stones on sand; 1.5 m."""
    rng = rng_for(seed, "texture", "gravel")
    picture = np.clip(_shade(base, 0.05 * noise(rng, slope=0.6), 1.0), 0, 1).astype(np.float32)
    for _ in range(2600):
        x, y = rng.integers(0, SIZE, 2)
        axes = (int(rng.integers(2, 6)), int(rng.integers(1, 4)))
        tone = np.asarray(base) * rng.uniform(0.62, 1.25) + rng.normal(0, 0.015, 3)
        _tiled(picture, x, y, lambda p, c, a=axes, t=tone: cv2.ellipse(p, c, a, 30, 0, 360, t.tolist(), -1))
    return _bytes(picture)


@cache
def grass(seed: int, base: Color = (0.30, 0.38, 0.16)) -> np.ndarray:
    """Mown grass: thousands of short blades, some dry; 1.6 m."""
    rng = rng_for(seed, "texture", "grass")
    size = 2 * SIZE
    ground = _shade(tuple(0.62 * np.asarray(base)), 0.2 * noise(rng, size, 0.8), 1.0)
    picture = np.clip(ground, 0, 1).astype(np.float32)
    patch = noise(rng, size, 1.6)
    count = 26000
    xs, ys = rng.integers(0, size, (2, count))
    angle, length = rng.uniform(0, 2 * np.pi, count), rng.uniform(7, 20, count)
    light = rng.uniform(0.6, 1.35, count) * (1 + 0.10 * patch[ys, xs])
    dry = rng.random(count) < 0.07 + 0.03 * patch[ys, xs]
    for i in range(count):
        tint = np.array([0.52, 0.47, 0.28]) if dry[i] else np.asarray(base)
        step = (int(length[i] * np.cos(angle[i])), int(length[i] * np.sin(angle[i])))
        color = (tint * light[i]).tolist()
        _tiled(
            picture,
            xs[i],
            ys[i],
            lambda p, c, s=step, k=color: cv2.line(p, c, (c[0] + s[0], c[1] + s[1]), k, 1),
        )
    return _bytes(cv2.GaussianBlur(picture, (0, 0), 0.6))


def _tiled(picture: np.ndarray, x: int, y: int, draw) -> None:
    """Draw at a point, and again beyond each border that the stroke may cross, so that the picture tiles."""
    size, reach = len(picture), 24
    xs = [x] + ([x - size] if x > size - reach else []) + ([x + size] if x < reach else [])
    ys = [y] + ([y - size] if y > size - reach else []) + ([y + size] if y < reach else [])
    for each_x in xs:
        for each_y in ys:
            draw(picture, (int(each_x), int(each_y)))


@cache
def bark(seed: int, base: Color = (0.36, 0.29, 0.22)) -> np.ndarray:
    """Bark with ridges along v; 0.8 m."""
    rng = rng_for(seed, "texture", "bark")
    ridges = 1 - np.abs(noise(rng, slope=1.1, stretch=(5, 1)))
    return _bytes(_shade(base, 0.22 * ridges + 0.06 * noise(rng, slope=0.3), 1.0))


@cache
def leaves(seed: int, base: Color = (0.26, 0.38, 0.14), count: int = 170) -> np.ndarray:
    """A spray of leaves on nothing, shape (256, 256, 4); the colour under nothing is that of leaves."""
    rng = rng_for(seed, "texture", "leaves")
    size = 256
    color = np.broadcast_to(np.asarray(base) * 0.8, (size, size, 3)).astype(np.float32).copy()
    alpha = np.zeros((size, size), np.uint8)
    for i in range(count):
        radius, turn = 0.41 * size * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        center = (int(size / 2 + radius * np.cos(turn)), int(size / 2 + radius * np.sin(turn)))
        length = int(rng.uniform(11, 19))
        axes, angle = (length, int(length * rng.uniform(0.35, 0.5))), float(rng.uniform(0, 360))
        tone = np.asarray(base) * (0.65 + 0.6 * i / count) * rng.uniform(0.85, 1.2)
        cv2.ellipse(color, center, axes, angle, 0, 360, tone.tolist(), -1)
        cv2.ellipse(color, center, (axes[0], 0), angle, 0, 360, (tone * 0.75).tolist(), 1)
        cv2.ellipse(alpha, center, axes, angle, 0, 360, 255, -1)
    rgba = np.concatenate([np.clip(color, 0, 1) * 255, alpha[..., None]], axis=2).astype(np.uint8)
    rgba.setflags(write=False)
    return rgba


@cache
def foliage(seed: int, base: Color = (0.24, 0.34, 0.13)) -> np.ndarray:
    """Leaves without gaps, for hedges and the insides of trees; 1 m."""
    rng = rng_for(seed, "texture", "foliage")
    picture = np.broadcast_to(np.asarray(base) * 0.35, (SIZE, SIZE, 3)).astype(np.float32).copy()
    count = 2600
    for i in range(count):
        x, y = rng.integers(0, SIZE, 2)
        axes, angle = (int(rng.integers(5, 11)), int(rng.integers(2, 5))), float(rng.uniform(0, 360))
        tone = (np.asarray(base) * (0.45 + 0.8 * i / count) * rng.uniform(0.8, 1.25)).tolist()
        _tiled(picture, x, y, lambda p, c, a=axes, g=angle, t=tone: cv2.ellipse(p, c, a, g, 0, 360, t, -1))
    return _bytes(picture)


@cache
def facade(seed: int, wall: Color, columns: int = 4, floors: int = 2) -> np.ndarray:
    """A whole house front with windows and a door: not tileable."""
    rng = rng_for(seed, "texture", "facade")
    picture = np.clip(_shade(wall, noise(rng, slope=1.2), 0.03), 0, 1).astype(np.float32)
    cell = np.array([SIZE / columns, SIZE / floors])
    for column in range(columns):
        for floor in range(floors):
            low = np.array([(column + 0.28) * cell[0], (floor + 0.25) * cell[1]]).astype(int)
            high = np.array([(column + 0.72) * cell[0], (floor + 0.75) * cell[1]]).astype(int)
            frame = (6, 6)
            cv2.rectangle(picture, tuple(low - frame), tuple(high + frame), (0.88, 0.87, 0.84), -1)
            glass = np.array([0.22, 0.27, 0.32]) * rng.uniform(0.7, 1.3)
            cv2.rectangle(picture, tuple(low), tuple(high), glass.tolist(), -1)
            middle = int((low[0] + high[0]) / 2)
            cv2.line(picture, (middle, int(low[1])), (middle, int(high[1])), (0.88, 0.87, 0.84), 4)
    return _bytes(picture)


@cache
def painting(seed: int) -> np.ndarray:
    """A picture for a wall: hills under a sky, or flat shapes."""
    rng = rng_for(seed, "texture", "painting")
    rows = np.linspace(0, 1, 256)[:, None, None]
    picture = (rng.uniform(0.5, 0.9, 3) * (1 - rows) + rng.uniform(0.4, 0.95, 3) * rows) * np.ones(
        (256, 256, 1)
    )
    picture = picture.astype(np.float32)
    for _ in range(int(rng.integers(4, 9))):
        color = rng.uniform(0.1, 0.85, 3).tolist()
        if rng.random() < 0.5:
            x = np.arange(0, 257, 16)
            y = 256 * rng.uniform(0.4, 0.9) + 22 * np.cumsum(rng.normal(0, 0.5, len(x)))
            outline = np.concatenate([np.stack([x, y], 1), [[256, 256], [0, 256]]]).astype(np.int32)
            cv2.fillPoly(picture, [outline], color, cv2.LINE_AA)
        else:
            center = tuple(int(c) for c in rng.integers(20, 236, 2))
            axes = tuple(int(a) for a in rng.integers(10, 70, 2))
            cv2.ellipse(picture, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    return _bytes(picture * (1 + 0.04 * noise(rng, 256, 0.5)[..., None]))


@cache
def sport_ball(kind: int) -> np.ndarray:
    """The skin of a ball round its axis: 0 a basketball, 1 a ball of light and dark panels."""
    rng = rng_for(kind, "texture", "ball")
    v, u = np.meshgrid(np.linspace(-1, 1, 256), np.linspace(-1, 1, 512), indexing="ij")
    grit = noise(rng, 512, 0.2)[:256, :, None]
    if kind == 0:
        wave = np.abs(v - 0.55 * np.cos(2 * np.pi * u)) < 0.02
        seam = wave | (np.abs(v) < 0.015) | (np.abs((4 * u + 0.5) % 1 - 0.5) < 0.02)
        color = np.where(seam[..., None], np.array([0.10, 0.07, 0.06]), np.array([0.66, 0.33, 0.16]))
        return _bytes(color * (1 + 0.06 * grit))
    cells = np.round(6 * u) + np.round(3 * v)
    color = np.where((cells % 3 == 0)[..., None], np.array([0.13, 0.14, 0.17]), np.array([0.86, 0.85, 0.81]))
    edge = (np.abs((6 * u) % 1 - 0.5) < 0.03) | (np.abs((3 * v) % 1 - 0.5) < 0.03)
    return _bytes(np.where(edge[..., None], 0.6 * color, color) * (1 + 0.03 * grit))
