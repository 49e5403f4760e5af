"""Painted hair: cards of strands, shells of stubble and curls. Colours are sRGB; row 0 of a texture is v = 1.

The strands are painted once in shades of grey with a cut-out; a person's colour is multiplied in. Pictures are
cached by colour, so that pieces of one person, and people of the same colour, share them.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from spinepose.rng import rng_for
from synth.body.paint import noise

COLUMNS = 8  # strips side by side on a card texture: 0 to 2 dense and dark, 3 to 5 fuller, 6 and 7 wisps
_COLUMN_PX, _LENGTH_PX = 64, 256
_SHELL_PX = 256
# Strands in a column, their width in pixels, where they start and end along the strip, brightness.
_KINDS = {"inner": (34, 4.2, 0.0, (0.86, 1.02), 0.72), "outer": (26, 3.2, 0.05, (0.72, 1.02), 1.0),
          "wisp": (13, 2.4, 0.10, (0.60, 1.02), 1.1)}  # fmt: skip
_OF_COLUMN = ("inner", "inner", "inner", "outer", "outer", "outer", "wisp", "wisp")
# How strands sway: amplitude in pixels and turns along the strip.
_SWAY = {"straight": (2.0, 0.6), "wavy": (5.0, 2.2), "curly": (10.0, 4.5)}

Color = tuple[int, int, int]


def _strands(rng: np.random.Generator, kind: str, sway: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One column: brightness, each strand's own tone (-1 to 1), and cut-out, shape (256, 64) each."""
    count, width, start, ends, bright = _KINDS[kind]
    amplitude, turns = _SWAY[sway]
    v, x = np.mgrid[:_LENGTH_PX, :_COLUMN_PX].astype(np.float32)
    v = v / (_LENGTH_PX - 1)
    shade = np.full(v.shape, 0.55 * bright, np.float32)
    tone, alpha = np.zeros_like(v), np.zeros_like(v)
    shared = rng.uniform(0, 6.3)
    for middle in rng.permutation(np.linspace(4, _COLUMN_PX - 4, count)):
        phase = shared + rng.normal(0, 0.7)
        bend = amplitude * rng.uniform(0.5, 1.2) * np.sin(6.28 * turns * v + phase) + rng.normal(0, 3) * v
        at = _COLUMN_PX / 2 + (middle - _COLUMN_PX / 2) * (1 - 0.35 * v**2) + bend
        thick = width * rng.uniform(0.6, 1.3) * (1 - 0.45 * v)
        first, last = start * rng.random(), rng.uniform(*ends)
        across = np.abs(x - at) / (0.5 * thick)
        inside = np.clip(1.6 - across, 0, 1) * np.clip((v - first) / 0.02 + 0.5, 0, 1)
        inside *= np.clip((last - v) / 0.05 + 0.5, 0, 1)
        own = bright * rng.uniform(0.72, 1.22) * (1.12 - 0.3 * np.clip(across, 0, 1) ** 2)
        cover = inside > 0.5
        shade = np.where(cover, own, shade)
        tone = np.where(cover, rng.uniform(-1, 1), tone)
        alpha = np.maximum(alpha, inside)
    shade *= 0.62 + 0.38 * np.clip(v / 0.25, 0, 1)  # roots lie in the shade of their neighbours
    shade *= 1 + 0.16 * np.exp(-(((v - 0.38) / 0.12) ** 2))
    return shade, tone, alpha


@lru_cache(maxsize=8)
def _atlas(sway: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = rng_for(0, "hair", "cards", sway)
    columns = [_strands(rng, kind, sway) for kind in _OF_COLUMN]
    shade, tone, alpha = (np.concatenate([c[k] for c in columns], axis=1) for k in range(3))
    return shade.astype(np.float32), tone.astype(np.float32), np.round(255 * alpha).astype(np.uint8)


@lru_cache(maxsize=8)
def _shell(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A tile that repeats: brightness, tone and height (0 to 1, cut off higher on outer shells)."""
    rng, size = rng_for(0, "hair", "shell", kind), _SHELL_PX
    if kind == "stubble":
        height = noise(rng, size, (0.9, 0.9))
        shade = 1 + 0.12 * noise(rng, size, (1.2, 1.2))
    elif kind == "curls":
        band = noise(rng, size, (3.2, 3.2)) - 0.8 * noise(rng, size, (6, 6))
        height = band + 0.5 * noise(rng, size, (1.2, 1.2))
        shade = 0.95 + 0.12 * band + 0.06 * noise(rng, size, (0.9, 0.9))
    else:  # combed: strands along v
        height = 0.7 * noise(rng, size, (26, 1.0)) + 0.5 * noise(rng, size, (9, 0.7))
        shade = 1 + 0.16 * noise(rng, size, (40, 0.9)) + 0.10 * noise(rng, size, (30, 3))
    rank = np.argsort(np.argsort(height.ravel())).reshape(size, size) / (size * size - 1)
    return shade.astype(np.float32), np.clip(0.6 * noise(rng, size, (9, 0.8)), -1, 1), rank.astype(np.float32)


def _tinted(color: Color, shade: np.ndarray, tone: np.ndarray) -> np.ndarray:
    base = np.array(color, np.float32)
    base = base + 12 * np.clip(1 - base.max() / 90, 0, 1)  # even black hair reflects a few per cent
    light, saturation = base.max(), (base.max() - base.min()) / max(base.max(), 1)
    # Greying hair is a mixture of white and dark hairs, not of one grey.
    salt = (
        np.clip((light - 50) / 60, 0, 1)
        * np.clip((225 - light) / 60, 0, 1)
        * np.clip((0.3 - saturation) / 0.2, 0, 1)
    )
    image = base * shade[..., None] + (5 + 22 * salt) * tone[..., None]
    gloss = np.clip(shade - 1.02, 0, 0.4)[..., None]  # dark hair still shines
    return np.clip(np.round(image + 60 * gloss * (1 - light / 400)), 0, 255).astype(np.uint8)


@lru_cache(maxsize=128)
def card_texture(color: Color, sway: str = "straight") -> np.ndarray:
    """Strips of strands, root at v = 1, shape (256, 512, 4), uint8."""
    shade, tone, alpha = _atlas(sway)
    return np.concatenate([_tinted(color, shade, tone), alpha[..., None]], axis=2)


@lru_cache(maxsize=128)
def shell_texture(color: Color, kind: str, cover: float, bright: float = 1.0) -> np.ndarray:
    """A tile of a shell of which a share is there, shape (256, 256, 4), uint8.

    Args:
        color: sRGB.
        kind: ``stubble``, ``curls`` or ``combed``.
        cover: Share that is not cut out, 0 to 1.
        bright: Multiplies the colour: inner shells lie in the shade.
    """
    shade, tone, rank = _shell(kind)
    alpha = np.clip(127.5 + 255 * 4 * (rank - (1 - cover)), 0, 255).astype(np.uint8)
    return np.concatenate([_tinted(color, bright * shade, tone), alpha[..., None]], axis=2)


@lru_cache(maxsize=128)
def cap_texture(color: Color, bright: float = 0.8) -> np.ndarray:
    """The underlayer: strands along v, solid but for a ragged edge near v = 1, shape (256, 256, 4), uint8.

    v is 1 at the hairline and falls by one over 0.12 m; below 0 the last row repeats nowhere, so clamp it.
    """
    shade, tone, rank = _shell("combed")
    v = np.linspace(0, 1, _SHELL_PX, dtype=np.float32)[:, None]
    alpha = np.clip(127.5 + 900 * (v * 14 - 0.15 - rank), 0, 255).astype(np.uint8)
    image = _tinted(color, bright * shade, tone)
    return np.concatenate([image, np.broadcast_to(alpha, rank.shape)[..., None]], axis=2)


def solid(color: Color, size: int = 4) -> np.ndarray:
    """One colour, shape (size, size, 3), uint8."""
    return cv2.merge([np.full((size, size), c, np.uint8) for c in color])


@lru_cache(maxsize=2)
def _tuft() -> tuple[np.ndarray, np.ndarray]:
    """Five fine hairs side by side: brightness and cut-out, shape (96, 48) each."""
    rng = rng_for(0, "hair", "tuft")
    v, x = np.mgrid[:96, :48].astype(np.float32)
    v = v / 95
    shade, alpha = np.full(v.shape, 0.9, np.float32), np.zeros_like(v)
    for middle in np.linspace(7, 41, 5):
        at = middle + rng.normal(0, 2) + rng.normal(0, 5) * v**2
        cover = np.abs(x - at) < rng.uniform(2.6, 4.0) * (1 - v**1.5) + 0.4
        cover &= (v > rng.uniform(0, 0.12)) & (v < rng.uniform(0.8, 1.0))
        shade = np.where(cover, rng.uniform(0.7, 1.25), shade)
        alpha = np.maximum(alpha, cover)
    return shade, np.round(255 * cv2.GaussianBlur(alpha, (0, 0), 0.7)).astype(np.uint8)


@lru_cache(maxsize=128)
def tuft_texture(color: Color) -> np.ndarray:
    """A few short hairs for brows and moustaches, root at v = 1, shape (96, 48, 4), uint8."""
    shade, alpha = _tuft()
    return np.concatenate([_tinted(color, shade, np.zeros_like(shade)), alpha[..., None]], axis=2)
