"""What things show: paintings, charts, monitors, the skins of balls; painted in numpy, the same for the same arguments.

Every function is cached in the process, as those of ``synth.world.textures`` are. These do not tile.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from spinepose.rng import rng_for
from synth.world.textures import as_bytes, field


@cache
def painting(variant: int) -> np.ndarray:
    """A picture for a wall: hills under a sky, flat shapes, or brush strokes; muted."""
    rng = rng_for(variant, "texture", "painting")
    rows = np.linspace(0, 1, 256)[:, None, None]
    mute = float(rng.uniform(0.25, 0.7))

    def color() -> np.ndarray:
        raw = rng.uniform(0.1, 0.9, 3)
        return raw * (1 - mute) + raw.mean() * mute

    picture = ((color() * (1 - rows) + color() * rows) * np.ones((256, 256, 1))).astype(np.float32)
    kind = variant % 3
    for _ in range(int(rng.integers(4, 9))):
        if kind == 0:
            x = np.arange(0, 257, 16)
            y = 256 * rng.uniform(0.4, 0.9) + 22 * np.cumsum(rng.normal(0, 0.5, len(x)))
            outline = np.concatenate([np.stack([x, y], 1), [[256, 256], [0, 256]]]).astype(np.int32)
            cv2.fillPoly(picture, [outline], color().tolist(), cv2.LINE_AA)
        elif kind == 1:
            center = tuple(int(c) for c in rng.integers(20, 236, 2))
            axes = tuple(int(a) for a in rng.integers(10, 70, 2))
            cv2.ellipse(
                picture, center, axes, float(rng.uniform(0, 180)), 0, 360, color().tolist(), -1, cv2.LINE_AA
            )
        else:
            points = np.cumsum(rng.normal(0, 40, (6, 2)), axis=0) + rng.uniform(60, 196, 2)
            cv2.polylines(
                picture,
                [points.astype(np.int32)],
                False,
                color().tolist(),
                int(rng.integers(6, 30)),
                cv2.LINE_AA,
            )
    return as_bytes(picture * (1 + 0.04 * field(2, 0.5)[:256, :256, None]))


@cache
def anatomy_poster(variant: int) -> np.ndarray:
    """A chart of the human figure: a standing body with its spine, ribs or muscles, and lines for words."""
    rng = rng_for(variant, "texture", "anatomy")
    height, width = 512, 360
    paper = np.array([[0.93, 0.92, 0.88], [0.86, 0.89, 0.91], [0.94, 0.94, 0.93]])[variant % 3]
    picture = (np.ones((height, width, 3)) * paper).astype(np.float32)
    flesh = np.array([[0.78, 0.52, 0.44], [0.70, 0.36, 0.30], [0.80, 0.66, 0.58]])[variant % 3]
    bone, dark = (0.90, 0.86, 0.74), (0.32, 0.22, 0.20)
    x, top = width // 2, 70
    limbs = [((x, 120), (x, 260), 62), ((x - 44, 130), (x - 62, 290), 20), ((x + 44, 130), (x + 62, 290), 20)]
    limbs += [((x - 20, 265), (x - 24, 450), 30), ((x + 20, 265), (x + 24, 450), 30)]
    for start, end, thick in limbs:
        cv2.line(picture, start, end, flesh.tolist(), thick, cv2.LINE_AA)
    cv2.ellipse(picture, (x, top), (22, 28), 0, 0, 360, flesh.tolist(), -1, cv2.LINE_AA)
    if variant % 2 == 0:  # bones
        for i in range(20):
            y = 104 + 8 * i
            sway = int(5 * np.sin(i / 3.0))
            cv2.ellipse(picture, (x + sway, y), (6 + i // 5, 3), 0, 0, 360, bone, -1, cv2.LINE_AA)
            if 3 <= i <= 12:
                cv2.ellipse(picture, (x, y + 8), (36 - abs(i - 8), 12), 0, 20, 160, bone, 2, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 262), (34, 16), 0, 0, 360, bone, 4, cv2.LINE_AA)
        for start, end, _ in limbs[1:]:
            cv2.line(picture, start, end, bone, 5, cv2.LINE_AA)
    else:  # muscles
        for start, end, thick in limbs:
            for k in np.linspace(-0.4, 0.4, max(3, thick // 8)):
                offset = int(k * thick)
                points = (start[0] + offset, start[1]), (int(end[0] + 0.6 * offset), end[1])
                cv2.line(picture, *points, dark if abs(k) > 0.3 else (0.62, 0.30, 0.26), 2, cv2.LINE_AA)
    for i in range(10):  # lines of words, never readable
        side = 1 if i % 2 else -1
        y = 110 + int(34 * i * 0.95)
        begin = x + side * int(rng.integers(70, 84))
        cv2.line(picture, (x + side * 30, y), (begin, y - 6), (0.45, 0.45, 0.45), 1, cv2.LINE_AA)
        for k in range(3):
            length = int(rng.integers(30, 70))
            cv2.line(
                picture, (begin, y - 8 + 7 * k), (begin + side * length, y - 8 + 7 * k), (0.55, 0.55, 0.56), 2
            )
    cv2.rectangle(picture, (90, 22), (270, 32), (0.30, 0.33, 0.40), -1)
    return as_bytes(picture)


@cache
def screen(variant: int) -> np.ndarray:
    """What a monitor shows: windows, lines of words, a table or a picture."""
    rng = rng_for(variant, "texture", "screen")
    height, width = 144, 256
    dark = variant % 3 == 2
    base = np.array([0.12, 0.13, 0.15]) if dark else np.array([0.93, 0.94, 0.95])
    picture = (np.ones((height, width, 3)) * base).astype(np.float32)
    ink = (0.62, 0.68, 0.66) if dark else (0.35, 0.37, 0.40)
    cv2.rectangle(picture, (0, 0), (width, 9), (0.25, 0.30, 0.38) if variant % 2 else (0.80, 0.82, 0.84), -1)
    cv2.rectangle(picture, (0, 10), (44, height), (0.19, 0.21, 0.24) if dark else (0.86, 0.88, 0.90), -1)
    for y in range(18, height - 6, 7):
        x = 52 + 6 * int(rng.integers(4)) * dark
        while x < width - 30 and rng.random() < 0.8:
            length = int(rng.integers(8, 40))
            cv2.line(picture, (x, y), (min(x + length, width - 8), y), ink, 2)
            x += length + 5
        cv2.line(picture, (6, y), (6 + int(rng.integers(12, 32)), y), ink, 1)
    if variant % 3 == 1:
        cv2.rectangle(picture, (130, 40), (246, 120), (0.98, 0.98, 0.98), -1)
        for k in range(8):
            tall = int(rng.integers(10, 64))
            cv2.rectangle(picture, (138 + 13 * k, 116 - tall), (146 + 13 * k, 116), (0.30, 0.50, 0.68), -1)
    return as_bytes(picture)


@cache
def sport_ball(kind: int) -> np.ndarray:
    """The skin of a ball round its axis: 0 a basketball, 1 a ball of light and dark panels."""
    v, u = np.meshgrid(np.linspace(-1, 1, 256), np.linspace(-1, 1, 512), indexing="ij")
    grit = field(1, 0.2)[:256, :, None]
    if kind == 0:
        wave = np.abs(v - 0.55 * np.cos(2 * np.pi * u)) < 0.02
        seam = wave | (np.abs(v) < 0.015) | (np.abs((4 * u + 0.5) % 1 - 0.5) < 0.02)
        color = np.where(seam[..., None], np.array([0.10, 0.07, 0.06]), np.array([0.62, 0.32, 0.17]))
        return as_bytes(color * (1 + 0.06 * grit))
    cells = np.round(6 * u) + np.round(3 * v)
    color = np.where((cells % 3 == 0)[..., None], np.array([0.13, 0.14, 0.17]), np.array([0.86, 0.85, 0.81]))
    edge = (np.abs((6 * u) % 1 - 0.5) < 0.03) | (np.abs((3 * v) % 1 - 0.5) < 0.03)
    return as_bytes(np.where(edge[..., None], 0.6 * color, color) * (1 + 0.03 * grit))
