"""Glasses: two rims, a bridge and temples that rest on nose and ears; some are dark."""

from __future__ import annotations

import numpy as np

from spinepose.rng import rng_for
from synth.body.asset import BodyAsset
from synth.body.hair_scalp import HeadPlace, head_frame, once_per_asset
from synth.body.hair_strands import grid_patch, join, on_head, unit
from synth.body.hair_textures import solid
from synth.body.layer import Layer
from synth.body.patch import Patch
from synth.body.spec import SubjectSpec

_FRAMES = (
    (24, 22, 24),
    (44, 30, 22),
    (96, 62, 38),
    (120, 118, 116),
    (168, 140, 84),
    (40, 46, 70),
    (110, 30, 34),
)
_SIDES = 24


@once_per_asset
def _landmarks(asset: BodyAsset) -> tuple[int, int]:
    """Skin vertices at the bridge of the nose, and on top of the left ear's root."""
    template = asset.template_m.astype(float)
    centre, scale = head_frame(asset, template)
    p = (template[: asset.num_body] - centre) / scale
    bridge, ear = np.array([0.1195, 0.0, -0.002]), np.array([0.034, 0.072, 0.004])
    return int(np.argmin(np.linalg.norm(p - bridge, axis=1))), int(np.argmin(np.linalg.norm(p - ear, axis=1)))


def _tube(line: np.ndarray, radius: np.ndarray | float, closed: bool, flat: float = 1.0) -> Patch:
    """A four-sided tube along a line, shape (S, 3); ``flat`` stretches it upwards."""
    if closed:
        tangent = unit(np.roll(line, -1, axis=0) - np.roll(line, 1, axis=0))
        line, tangent = np.concatenate([line, line[:1]]), np.concatenate([tangent, tangent[:1]])
    else:
        tangent = unit(np.gradient(line, axis=0))
    side = np.cross(tangent, np.array([1.0, 0.0, 0.0]))
    weak = np.linalg.norm(side, axis=1) < 0.2
    side[weak] = np.cross(tangent[weak], np.array([0.0, 1.0, 0.0]))
    side = unit(side)
    other = np.cross(side, tangent)
    turn = np.linspace(0, 2 * np.pi, 5) + np.pi / 4
    size = np.broadcast_to(radius, len(line))[:, None, None]
    points = line[:, None] + size * (
        np.cos(turn)[None, :, None] * side[:, None] * flat + np.sin(turn)[None, :, None] * other[:, None]
    )
    return grid_patch(points, np.full((*points.shape[:2], 2), 0.5))


def glasses_layers(spec: SubjectSpec, asset: BodyAsset, body: Patch, head: HeadPlace) -> list[Layer]:
    """Make a person's glasses.

    Args:
        spec: The person.
        asset: The baked body.
        body: The skin at rest.
        head: Where the head is.
    """
    rng = rng_for(spec.seed, "glasses")
    bridge, ear = (head.local(body.vertices_m[i]) for i in _landmarks(asset))
    wire = rng.random() < 0.4
    thick = 0.0008 if wire else rng.uniform(0.0013, 0.0022)
    color = _FRAMES[rng.integers(3, 5) if wire else rng.integers(len(_FRAMES))]
    dark = rng.random() < 0.16
    wide, high = rng.uniform(0.0235, 0.0270), rng.uniform(0.0165, 0.0225) + 0.003 * dark
    square = rng.uniform(2.0, 4.5)  # exponent of the rim's outline: 2 is an oval, more is a rounded box
    apart = wide + rng.uniform(0.0075, 0.0095)
    turn = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    c, s = np.cos(turn), np.sin(turn)
    y = wide * np.sign(c) * np.abs(c) ** (2 / square)
    z = high * np.sign(s) * np.abs(s) ** (2 / square) - 0.006
    front = bridge[0] + 0.0045
    curve = 2.2  # the frame follows the face
    pieces, lenses = [], []
    for side in (1.0, -1.0):
        at = side * (apart + y)
        rim = np.stack([front - curve * at**2, at, bridge[2] + z], axis=1)
        pieces.append(_tube(rim[:: int(side)], thick, closed=True, flat=1.0))
        middle = rim.mean(axis=0)
        fan = np.stack([np.broadcast_to(middle, rim.shape), rim], axis=0)
        fan = np.concatenate([fan, fan[:, :1]], axis=1)
        lenses.append(grid_patch(fan[:, :: int(side)], np.full((2, _SIDES + 1, 2), 0.5)))
        hinge = np.array([front - curve * (apart + wide) ** 2, side * (apart + wide), bridge[2] + 0.3 * high])
        rest = np.array([ear[0] - 0.004, side * (abs(ear[1]) + 0.004), ear[2] + 0.004])
        steps = np.array(
            [(-0.004, 0.003, 0.0), (0.0, 0.0, 0.0), (-0.016, -0.003, -0.012), (-0.024, -0.006, -0.030)]
        )
        steps[:, 1] *= side
        between = 0.45 * hinge + 0.55 * rest + np.array([0, side * 0.002, 0.001])
        bow = np.stack([hinge, hinge + steps[0], between, rest, rest + steps[2], rest + steps[3]])
        pieces.append(_tube(bow, max(thick * 0.8, 0.0009), closed=False, flat=1.6))
    t = np.linspace(-1, 1, 5)
    gap = apart - wide
    pieces.append(_tube(
        np.stack([front + 0.001 - 0.5 * t**2 * 0.001, gap * t, bridge[2] + 0.002 + 0.0025 * (1 - t**2)], axis=1), thick,
        closed=False,
    ))  # fmt: skip
    frame = join(pieces)
    layers = [on_head("head_glasses", frame.moved(head.world(frame.vertices_m)), solid(color), 0.3)]
    if dark:
        glass = join(lenses)
        layers.append(
            on_head("head_lenses", glass.moved(head.world(glass.vertices_m)), solid((26, 26, 30)), 0.08)
        )
    return layers
