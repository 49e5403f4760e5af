"""What things in places are made of: palettes, and materials of neutral textures that a colour tints.

Palettes are those of lived-in places: most things are off-white, grey or wood, few are bright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from synth.world import textures
from synth.world.light import Rgb, rgb
from synth.world.meshes import Material, ObjectMesh, Surface, merge

Rng = np.random.Generator
Colors = tuple[Rgb, ...]

WOODS: Colors = (
    (0.66, 0.51, 0.36), (0.48, 0.34, 0.23), (0.76, 0.66, 0.52), (0.34, 0.25, 0.19), (0.80, 0.77, 0.72),
    (0.58, 0.46, 0.34), (0.70, 0.58, 0.42),
)  # fmt: skip
CLOTHS: Colors = (
    (0.44, 0.45, 0.47), (0.57, 0.53, 0.47), (0.28, 0.33, 0.38), (0.46, 0.32, 0.28), (0.34, 0.37, 0.31),
    (0.66, 0.64, 0.60), (0.20, 0.21, 0.23),
)  # fmt: skip
BRIGHTS: Colors = (
    (0.66, 0.24, 0.20),
    (0.20, 0.36, 0.54),
    (0.78, 0.60, 0.24),
    (0.26, 0.43, 0.33),
    (0.78, 0.77, 0.74),
)
WALLS: Colors = (
    (0.87, 0.86, 0.83), (0.84, 0.82, 0.77), (0.80, 0.81, 0.80), (0.83, 0.78, 0.71), (0.74, 0.76, 0.76),
    (0.90, 0.89, 0.87), (0.86, 0.84, 0.80),
)  # fmt: skip
ACCENT_WALLS: Colors = (
    (0.42, 0.49, 0.50),
    (0.56, 0.60, 0.52),
    (0.62, 0.50, 0.42),
    (0.36, 0.40, 0.46),
    (0.70, 0.62, 0.50),
)
FRONTS: Colors = (
    (0.84, 0.80, 0.72), (0.80, 0.79, 0.76), (0.74, 0.66, 0.54), (0.70, 0.70, 0.68), (0.78, 0.70, 0.62),
    (0.62, 0.64, 0.63), (0.86, 0.83, 0.78), (0.64, 0.55, 0.47),
)  # fmt: skip
WHITE: Rgb = (0.88, 0.87, 0.85)


def pick(rng: Rng, options: Sequence[Rgb]) -> Rgb:
    """One of some sRGB colours, a little varied."""
    base = np.array(options[int(rng.integers(len(options)))])
    return rgb(np.round(np.clip(base * rng.uniform(0.9, 1.08) + rng.normal(0, 0.008, 3), 0, 1), 3))


def linear(color: Rgb) -> Rgb:
    """An sRGB colour as linear RGB, near enough for paint."""
    return rgb(max(c, 0.0) ** 2.2 for c in color)


def paint(color: Rgb, roughness: float = 0.5) -> Material:
    """A material of one sRGB colour."""
    return Material(color=linear(color), roughness=roughness)


def plastic(color: Rgb, roughness: float = 0.45) -> Material:
    """Smooth plastic or lacquer of one sRGB colour."""
    return Material(color=linear(color), roughness=roughness, specular=0.04)


# Mean linear colour of each neutral texture, with the texture itself, so that its id stays its own.
_MEANS: dict[int, tuple[np.ndarray, float]] = {}


def _mean_linear(texture: np.ndarray) -> float:
    if id(texture) not in _MEANS:
        mean = float(((texture[::4, ::4, :3] / 255.0) ** 2.2).mean())
        _MEANS[id(texture)] = texture, max(mean, 0.02)
    return _MEANS[id(texture)][1]


def tinted(texture: np.ndarray, color: Rgb, roughness: float = 0.7, **look: Any) -> Material:
    """A neutral texture brought to a mean colour.

    Args:
        texture: From ``synth.world.textures``: they live as long as the process does.
        color: Mean colour, sRGB.
        roughness: GGX roughness.
        look: Other fields of ``Material``.
    """
    mean = _mean_linear(texture)
    tint = rgb(np.minimum(np.array(linear(color)) / mean, 1.6))
    return replace(Material(texture=texture, color=tint, roughness=roughness), **look)


def wooden(rng: Rng, colors: Colors = WOODS) -> Material:
    """Wood of some kind."""
    return tinted(textures.wood(int(rng.integers(3))), pick(rng, colors), float(rng.uniform(0.4, 0.65)))


def woven(rng: Rng, colors: Colors = CLOTHS) -> Material:
    """Upholstery of some colour."""
    return tinted(textures.fabric(int(rng.integers(3))), pick(rng, colors), 0.95, specular=0.03)


def glow(color: Rgb, strength: float) -> Material:
    """A thing that shines: a lamp's shade, a lit screen.

    Args:
        color: Linear RGB.
        strength: Brightness against a white sheet in the place's mean light.
    """
    return Material(color=color, roughness=0.9, specular=0.02, wrap=1.0, two_sided=True, emission=strength)


METAL = Material(color=(0.33, 0.33, 0.34), roughness=0.38, specular=0.35)
CHROME = Material(color=(0.50, 0.50, 0.51), roughness=0.25, specular=0.5)
DARK_METAL = Material(color=(0.030, 0.030, 0.033), roughness=0.45, specular=0.06)
BLACK = Material(color=(0.012, 0.012, 0.013), roughness=0.6)
RUBBER = Material(color=(0.020, 0.020, 0.022), roughness=0.9, specular=0.03)
DARK_GLASS = Material(color=(0.010, 0.011, 0.013), roughness=0.12, specular=0.06)

_SHARED = ("roughness", "specular", "wrap", "alpha_test", "two_sided", "macro", "emission")


@cache
def _palette(colors: tuple[Rgb, ...]) -> np.ndarray:
    """One texel a colour, in two equal rows: sRGB."""
    values = np.clip(np.array(colors), 0, 1)
    srgb = np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)
    row = (srgb * 255 + 0.5).astype(np.uint8)
    picture = np.stack([row, row])
    picture.setflags(write=False)
    return picture


def compact(surfaces: Sequence[Surface]) -> ObjectMesh:
    """Make an object with few surfaces: painted ones that differ in colour only share a palette, drawn at once."""
    painted: dict[tuple, list[Surface]] = {}
    others: list[Surface] = []
    for surface in surfaces:
        look = surface.material
        if look.texture is None and max(look.color) <= 1.0:
            painted.setdefault(tuple(getattr(look, name) for name in _SHARED), []).append(surface)
        else:
            others.append(surface)
    for group in painted.values():
        colors = tuple(sorted({surface.material.color for surface in group}))
        if len(colors) == 1:
            others.extend(group)
            continue
        material = replace(group[0].material, texture=_palette(colors), color=(1.0, 1.0, 1.0))
        for surface in group:
            u = (colors.index(surface.material.color) + 0.5) / len(colors)
            uv = np.broadcast_to(np.array([u, 0.5], np.float32), surface.uv.shape)
            others.append(replace(surface, uv=uv, material=material))
    return merge(others)
