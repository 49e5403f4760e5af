"""What people put on: whole outfits whose pieces and colours go together.

Shares are chosen for a training set, not counted in a street [guess]: sports clothes and open backs come more often
than in daily life, since whoever looks at spines looks at backs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.body.spec import Cloth

Color = tuple[int, int, int]

#: Share of people dressed for sport at 18 and at 80 years; it falls linearly between.
SPORT_SHARE = (0.55, 0.40)

# Kind -> weight. Open backs: singlet, sports_top, leotard and most tanks; none is a bare one.
_SPORT_TOPS = {
    "female": {"sports_top": 0.30, "tank": 0.18, "leotard": 0.17, "singlet": 0.10, "tshirt": 0.15,
               "long_sleeve": 0.06, "hoodie": 0.02, "jacket": 0.02},
    "male": {"tshirt": 0.32, "singlet": 0.28, "tank": 0.22, "long_sleeve": 0.08, "leotard": 0.04,
             "hoodie": 0.03, "jacket": 0.03, "none": 0.22},
}  # fmt: skip
_DAILY_TOPS = {
    "female": {"tshirt": 0.24, "long_sleeve": 0.17, "shirt": 0.12, "dress": 0.17, "tank": 0.09, "hoodie": 0.11,
               "jacket": 0.10},
    "male": {"tshirt": 0.33, "shirt": 0.20, "long_sleeve": 0.16, "hoodie": 0.15, "jacket": 0.12, "tank": 0.04,
             "none": 0.03},
}  # fmt: skip
_SPORT_BOTTOMS = {
    "female": {"leggings": 0.62, "shorts": 0.22, "trousers": 0.12, "skirt": 0.04},
    "male": {"shorts": 0.62, "trousers": 0.22, "leggings": 0.16},
}
_DAILY_BOTTOMS = {
    "female": {"jeans": 0.34, "trousers": 0.24, "skirt": 0.18, "leggings": 0.16, "shorts": 0.08},
    "male": {"jeans": 0.44, "trousers": 0.36, "shorts": 0.20},
}
_BARE_CHESTED_BOTTOMS = {"shorts": 0.76, "leggings": 0.10, "trousers": 0.08, "jeans": 0.06}
_SPORT_SHOES = {"sneakers": 0.72, "barefoot": 0.28}
_DAILY_SHOES = {
    "female": {"sneakers": 0.48, "flats": 0.27, "boots": 0.15, "barefoot": 0.10},
    "male": {"sneakers": 0.62, "boots": 0.16, "flats": 0.12, "barefoot": 0.10},
}
# Fabrics of each kind: daily, sport.
_FABRICS: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "tshirt": ({"cotton": 1.0}, {"cotton": 0.5, "stretch": 0.5}),
    "long_sleeve": ({"cotton": 0.5, "knit": 0.5}, {"stretch": 0.8, "cotton": 0.2}),
    "tank": ({"cotton": 0.8, "knit": 0.2}, {"stretch": 0.5, "cotton": 0.5}),
    "shirt": ({"cotton": 0.8, "denim": 0.2}, {"cotton": 1.0}),
    "hoodie": ({"fleece": 1.0}, {"fleece": 1.0}),
    "jacket": ({"denim": 0.3, "cotton": 0.4, "fleece": 0.3}, {"stretch": 0.7, "fleece": 0.3}),
    "singlet": ({"cotton": 1.0}, {"stretch": 0.7, "cotton": 0.3}),
    "sports_top": ({"stretch": 1.0}, {"stretch": 1.0}),
    "leotard": ({"stretch": 1.0}, {"stretch": 1.0}),
    "dress": ({"cotton": 0.75, "knit": 0.25}, {"stretch": 1.0}),
    "trousers": ({"cotton": 0.8, "knit": 0.2}, {"fleece": 0.6, "stretch": 0.4}),
    "jeans": ({"denim": 1.0}, {"denim": 1.0}),
    "leggings": ({"stretch": 0.8, "cotton": 0.2}, {"stretch": 1.0}),
    "shorts": ({"cotton": 0.6, "denim": 0.4}, {"stretch": 0.7, "fleece": 0.3}),
    "skirt": ({"cotton": 0.7, "denim": 0.2, "knit": 0.1}, {"stretch": 1.0}),
}
# Patterns of tops: daily, sport; bottoms are mostly plain.
_TOP_PATTERNS = (
    {"plain": 0.50, "stripes": 0.16, "checks": 0.05, "dots": 0.05, "blocks": 0.05, "print": 0.19},
    {"plain": 0.52, "stripes": 0.07, "blocks": 0.22, "print": 0.16, "dots": 0.03},
)
_SHIRT_PATTERNS = {"plain": 0.45, "checks": 0.32, "stripes": 0.17, "dots": 0.03, "print": 0.03}
_DRESS_PATTERNS = {"plain": 0.40, "dots": 0.15, "print": 0.25, "stripes": 0.12, "checks": 0.08}
_BOTTOM_PATTERNS = {
    "trousers": {"plain": 0.86, "checks": 0.05, "stripes": 0.05, "blocks": 0.04},
    "jeans": {"plain": 1.0},
    "leggings": {"plain": 0.74, "blocks": 0.14, "print": 0.12},
    "shorts": {"plain": 0.68, "blocks": 0.12, "checks": 0.08, "print": 0.07, "stripes": 0.05},
    "skirt": {"plain": 0.62, "checks": 0.13, "dots": 0.08, "print": 0.12, "stripes": 0.05},
}

# sRGB. Neutrals go with everything; an outfit takes one hue, or two that lie well together.
_NEUTRALS: tuple[Color, ...] = (
    (26, 27, 30), (44, 46, 51), (74, 77, 82), (124, 127, 130), (172, 172, 170), (208, 206, 200), (236, 234, 229),
    (32, 40, 62), (88, 76, 62), (170, 150, 122), (214, 200, 176),
)  # fmt: skip
_HUES: tuple[Color, ...] = (
    (140, 34, 42), (186, 60, 52), (204, 112, 58), (216, 172, 72), (92, 116, 66), (44, 88, 66), (42, 112, 116),
    (92, 146, 186), (48, 84, 148), (36, 50, 98), (92, 66, 118), (150, 96, 142), (208, 152, 160), (116, 74, 56),
    (176, 196, 178), (190, 198, 214), (226, 208, 196),
)  # fmt: skip
_BRIGHTS: tuple[Color, ...] = (
    (232, 62, 78), (244, 128, 58), (238, 216, 74), (120, 200, 92), (46, 178, 160), (54, 142, 226), (118, 88, 206),
    (230, 96, 158), (210, 240, 70),
)  # fmt: skip
_DENIM: tuple[Color, ...] = (
    (38, 50, 82), (54, 74, 112), (84, 108, 146), (126, 148, 176), (32, 34, 40), (70, 74, 80), (196, 200, 202),
)  # fmt: skip
_BOTTOM_NEUTRALS: tuple[Color, ...] = (
    (26, 27, 30), (40, 43, 50), (34, 42, 66), (70, 72, 76), (112, 112, 110), (92, 82, 66), (150, 134, 106),
    (184, 170, 144), (62, 66, 50), (64, 48, 40), (222, 216, 204),
)  # fmt: skip
_LEATHER: tuple[Color, ...] = ((34, 30, 28), (70, 46, 32), (110, 74, 46), (58, 58, 60), (146, 112, 80))
_SNEAKERS: tuple[Color, ...] = (
    (232, 231, 226), (214, 212, 206), (34, 35, 38), (66, 70, 78), (48, 64, 104), (150, 46, 48), (118, 122, 124),
)  # fmt: skip


# Two colours nearer than this (sRGB) are taken for one in a lit picture, whose light changes brightness more than hue
# [judged by eye].
_SKIN_GAP, _LIGHT_COUNTS = 36.0, 0.5


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    share = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(share), p=share / share.sum()))]


def _one(rng: np.random.Generator, colors: tuple[Color, ...]) -> Color:
    return colors[int(rng.integers(len(colors)))]


def _shade(rng: np.random.Generator, color: Color, spread: float = 7) -> Color:
    r, g, b = (int(c) for c in np.clip(np.round(np.array(color) + rng.normal(0, spread, 3)), 10, 242))
    return r, g, b


def _contrast(rng: np.random.Generator, color: Color, hue: Color) -> Color:
    """A second colour that can be told from the first: white, black, or the outfit's hue."""
    bright = float(np.mean(color))
    options = [c for c in (*_NEUTRALS[:2], *_NEUTRALS[5:8], hue) if abs(np.mean(c) - bright) > 45]
    return options[int(rng.integers(len(options)))]


def _length(rng: np.random.Generator) -> float:
    return round(float(rng.beta(1.4, 1.4)), 3)


def _top(rng: np.random.Generator, kind: str, sport: bool, hue: Color) -> Cloth:
    if kind == "none":
        return Cloth("none", "plain", hue, hue, 0.0, 0.0)
    patterns = {"shirt": _SHIRT_PATTERNS, "dress": _DRESS_PATTERNS}.get(kind, _TOP_PATTERNS[int(sport)])
    if kind in ("jacket", "hoodie"):
        patterns = {"plain": 0.72, "blocks": 0.2, "print": 0.08}
    fabric = _pick(rng, _FABRICS[kind][int(sport)])
    colored = rng.random() < (0.55 if sport else 0.5)
    color = hue if colored else _one(rng, _DENIM if fabric == "denim" else _NEUTRALS)
    if fabric == "denim" and not colored:
        patterns = {"plain": 1.0}
    tight = kind in ("sports_top", "leotard") or fabric == "stretch"
    looseness = rng.uniform(0.0, 0.35) if tight else rng.beta(2.0, 1.6)
    first = _shade(rng, color)
    return Cloth(
        kind, _pick(rng, patterns), first, _shade(rng, _contrast(rng, first, hue)),
        round(float(looseness), 3), _length(rng), fabric,
    )  # fmt: skip


def _bottom(rng: np.random.Generator, kind: str, sport: bool, hue: Color, top: Cloth) -> Cloth:
    fabric = "denim" if kind == "jeans" else _pick(rng, _FABRICS[kind][int(sport)])
    if fabric == "denim":
        color = _one(rng, _DENIM)
    elif rng.random() < (0.3 if kind in ("leggings", "skirt") else 0.1):
        color = hue
    else:
        color = _one(rng, _BOTTOM_NEUTRALS)
    busy = top.pattern != "plain" and top.pattern != "blocks"
    pattern = "plain" if busy and rng.random() < 0.8 else _pick(rng, _BOTTOM_PATTERNS[kind])
    if fabric == "denim":
        pattern = "plain"
    first = _shade(rng, color)
    return Cloth(
        kind, pattern, first, _shade(rng, _contrast(rng, first, hue)),
        round(float(rng.uniform(0.0, 0.4) if kind == "leggings" else rng.beta(1.6, 1.6)), 3), _length(rng), fabric,
    )  # fmt: skip


def _shoes(rng: np.random.Generator, kind: str, sport: bool, hue: Color) -> Cloth:
    if kind == "sneakers":
        bright = sport and rng.random() < 0.35
        color = _one(rng, _BRIGHTS) if bright else (hue if rng.random() < 0.12 else _one(rng, _SNEAKERS))
    else:
        color = hue if kind == "flats" and rng.random() < 0.3 else _one(rng, _LEATHER)
    first = _shade(rng, color, 5)
    return Cloth(
        kind, "plain", first, _shade(rng, _contrast(rng, first, hue), 5), round(float(rng.random()), 3),
        _length(rng), "stretch" if kind == "sneakers" else "cotton",
    )  # fmt: skip


def unlike_skin(cloth: Cloth, skin: Color) -> Cloth:
    """The garment, darker or lighter where its colour is so near to the skin's that its wearer seems to wear none."""

    def told_apart(color: Color) -> Color:
        gap = np.subtract(color, skin, dtype=float)
        hue = gap - gap.mean()
        if np.hypot(np.linalg.norm(hue), _LIGHT_COUNTS * gap.mean()) >= _SKIN_GAP:
            return color
        dark = float(np.mean(skin)) > 120
        r, g, b = (
            int(c) for c in np.round(np.array(color) * (0.42 if dark else 0.5) + (0.0 if dark else 118.0))
        )
        return r, g, b

    return replace(cloth, color=told_apart(cloth.color), color2=told_apart(cloth.color2))


def wardrobe_rand(
    rng: np.random.Generator, sex: str, age_years: int, sport_share: float | None = None
) -> tuple[Cloth, Cloth, Cloth]:
    """Draw an outfit: top, bottom and shoes that go together.

    First the occasion is drawn, sport or daily life (:data:`SPORT_SHARE`); it weighs kinds, fabrics and patterns. One
    hue runs through the outfit beside neutrals. A leotard goes with leggings or shorts for half of its wearers, and a
    dress with bare legs or, in one of seven, leggings.

    Args:
        rng: Numbers of this subject's clothes.
        sex: ``female`` or ``male``.
        age_years: 18 to 80.
        sport_share: Share of people dressed for sport; by default ``SPORT_SHARE``.
    """
    share = np.interp(age_years, (18, 80), SPORT_SHARE) if sport_share is None else sport_share
    sport = bool(rng.random() < share)
    hue = _one(rng, _BRIGHTS) if sport and rng.random() < 0.45 else _one(rng, _HUES)
    tops = dict((_SPORT_TOPS if sport else _DAILY_TOPS)[sex])
    if age_years > 55:  # fewer wear what shows much skin
        tops = {k: w * (0.45 if k in ("sports_top", "leotard") else 1.0) for k, w in tops.items()}
    top = _top(rng, _pick(rng, tops), sport, hue)
    if top.kind == "leotard":
        kinds = {"none": 0.5, "leggings": 0.35, "shorts": 0.15}
    elif top.kind == "dress":
        kinds = {"none": 0.86, "leggings": 0.14}
    elif top.kind == "none":
        kinds = _BARE_CHESTED_BOTTOMS
    else:
        kinds = dict((_SPORT_BOTTOMS if sport else _DAILY_BOTTOMS)[sex])
    kind = _pick(rng, kinds)
    if kind == "none":
        bottom = Cloth("none", "plain", top.color, top.color2, 0.0, 0.0)
    else:
        bottom = _bottom(rng, kind, sport, hue, top)
    shoe_kinds = dict(_SPORT_SHOES if sport else _DAILY_SHOES[sex])
    if top.kind == "none":
        shoe_kinds = {"barefoot": 0.6, "sneakers": 0.4}
    elif top.kind == "leotard":
        shoe_kinds = {"barefoot": 0.6, "flats": 0.2, "sneakers": 0.2}
    return top, bottom, _shoes(rng, _pick(rng, shoe_kinds), sport, hue)
