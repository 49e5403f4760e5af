"""Draw how a head looks: skin, hair, eyes, beard, headwear and glasses, by sex, age and ancestry.

The weights below are estimates for pictures of everyday people, not a census: they aim at variety, so rare styles
are drawn more often than one meets them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Color = tuple[int, int, int]

# Anchors of skin colour from light to dark, sRGB in even light; a person's lies between two neighbours.
_SKIN = np.array(
    [
        (222, 182, 162),
        (211, 168, 145),
        (197, 151, 125),
        (173, 130, 106),
        (143, 103, 83),
        (112, 78, 62),
        (83, 58, 48),
    ],
    dtype=float,
)
# Where on those anchors people of one ancestry lie.
_SKIN_PLACE = {"african": (3.4, 6.0), "asian": (0.7, 3.3), "caucasian": (0.0, 2.6)}

# Natural hair colours, sRGB, and how often each is drawn.
_HAIR_COLORS: dict[str, tuple[tuple[Color, float], ...]] = {
    "african": (((22, 19, 18), 5), ((32, 26, 23), 3), ((46, 34, 27), 1), ((92, 62, 36), 0.3)),
    "asian": (((22, 20, 21), 5), ((33, 27, 25), 3), ((58, 41, 32), 1.2), ((104, 72, 46), 0.4)),
    "caucasian": (
        ((30, 24, 22), 1.6),
        ((52, 38, 28), 2.4),
        ((82, 58, 39), 2.4),
        ((118, 86, 55), 1.6),
        ((166, 130, 84), 1.0),
        ((196, 166, 116), 0.6),
        ((112, 56, 32), 0.5),
    ),
}
_GREY = np.array((186.0, 184.0, 182.0))
_EYE_COLORS: dict[str, tuple[tuple[Color, float], ...]] = {
    "african": (((52, 34, 24), 5), ((70, 46, 30), 3), ((92, 62, 36), 0.6)),
    "asian": (((50, 34, 25), 5), ((68, 46, 31), 3), ((94, 66, 40), 0.8)),
    "caucasian": (
        ((74, 50, 33), 3),
        ((100, 72, 42), 2),
        ((98, 102, 66), 1.4),
        ((108, 128, 146), 1.6),
        ((92, 122, 152), 1.6),
        ((126, 132, 134), 0.6),
    ),
}

# How often each kind of hair is drawn before age and ancestry change it.
_HAIR = {
    "female": {
        "short": 0.12, "bob": 0.21, "long": 0.26, "ponytail": 0.17, "bun": 0.11, "braid": 0.07, "curly": 0.08,
        "buzz": 0.01,
    },
    "male": {
        "short": 0.66, "buzz": 0.17, "curly": 0.07, "bald": 0.03, "long": 0.03, "bun": 0.02, "ponytail": 0.02,
    },
}  # fmt: skip


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    p = np.array(list(weights.values()), dtype=float)
    return list(weights)[int(rng.choice(len(p), p=p / p.sum()))]


def _pick_color(rng: np.random.Generator, options: tuple[tuple[Color, float], ...]) -> np.ndarray:
    p = np.array([weight for _, weight in options])
    return np.array(options[int(rng.choice(len(p), p=p / p.sum()))][0], dtype=float)


def _color(values: np.ndarray) -> Color:
    r, g, b = (int(c) for c in np.clip(np.round(values), 6, 248))
    return r, g, b


def hair_weights(sex: str, age_years: int, races: tuple[float, float, float]) -> dict[str, float]:
    """How often each kind of hair is drawn, not normalised.

    Men lose hair from thirty on (about half of all men by fifty, few of them all of it); women above sixty
    seldom wear it long; the tightest curls come with African ancestry only.
    """
    african, asian, _ = races
    weights = dict(_HAIR[sex])
    if sex == "male":
        weights["bald"] += 0.30 * float(np.clip((age_years - 30) / 40, 0, 1)) * (1 - 0.5 * asian)
        weights["afro"] = 0.12 * african
        weights["buzz"] += 0.35 * african
        weights["short"] *= 1 - 0.35 * african
        for kind in ("long", "bun", "ponytail"):
            weights[kind] *= 1 - 0.5 * african
    else:
        late = float(np.clip((age_years - 50) / 20, 0, 1))
        weights["short"] += 0.30 * late
        weights["bob"] += 0.10 * late
        for kind in ("long", "ponytail", "braid"):
            weights[kind] *= 1 - 0.6 * late
        weights["afro"] = 0.40 * african
        weights["braid"] += 0.25 * african
        weights["buzz"] += 0.10 * african
        for kind in ("short", "bob", "long"):
            weights[kind] *= 1 - 0.5 * african
    weights["curly"] *= 1 + african - 0.7 * asian
    return weights


def beard_weights(sex: str, age_years: int, races: tuple[float, float, float]) -> dict[str, float]:
    """How often each beard is drawn: for men only, less with East Asian ancestry."""
    if sex != "male":
        return {"none": 1.0}
    asian = races[1]
    growth = (1 - 0.6 * asian) * float(np.clip((age_years - 16) / 10, 0.3, 1))
    return {"none": 0.46, "stubble": 0.26 * growth, "moustache": 0.08 * growth, "full": 0.20 * growth}


def headwear_weights(sex: str, hair: str) -> dict[str, float]:
    """How often each headwear is drawn; hair that stands up or is tied on top fits under none but a headband."""
    weights = {"none": 0.88, "cap": 0.06, "beanie": 0.03, "headband": 0.03 if sex == "male" else 0.05}
    if hair in ("afro", "bun"):
        weights |= {"cap": 0.0, "beanie": 0.0}
    if hair == "bald":
        weights["headband"] = 0.0
    return weights


def grey_share(rng: np.random.Generator, age_years: int) -> float:
    """How grey the hair is, 0 to 1: it starts between 30 and 50 and takes about 25 years."""
    start = float(np.clip(rng.normal(42, 7), 28, 60))
    return float(np.clip((age_years - start) / 26, 0, 1)) ** 1.3


def skin_rand(rng: np.random.Generator, races: tuple[float, float, float]) -> Color:
    """Draw a skin colour, sRGB; mixed ancestry lies between."""
    place = sum(
        share * rng.uniform(*_SKIN_PLACE[race])
        for share, race in zip(races, ("african", "asian", "caucasian"), strict=True)
    )
    base = np.array([np.interp(place, range(len(_SKIN)), _SKIN[:, c]) for c in range(3)])
    warm = rng.normal(0, 1)  # rosy against olive
    return _color(base * (1 + rng.normal(0, 0.012)) + warm * np.array([1.0, -1.5, -0.6]))


def hair_color_rand(rng: np.random.Generator, sex: str, age_years: int, race: str) -> Color:
    """Draw a hair colour, sRGB: natural, dyed or greyed with age."""
    base = _pick_color(rng, _HAIR_COLORS[race])
    grey = grey_share(rng, age_years)
    if rng.random() < (0.35 if sex == "female" else 0.05):  # dyed
        grey *= 0.15
        if rng.random() < 0.3:
            base = _pick_color(rng, _HAIR_COLORS["caucasian"])
    mixed = base * (1 - grey) + _GREY * rng.uniform(0.85, 1.12) * grey
    return _color(mixed * (1 + rng.normal(0, 0.06)))


def looks_rand(
    rng: np.random.Generator, sex: str, age_years: int, races: tuple[float, float, float]
) -> dict[str, Any]:
    """Draw a head's looks.

    Args:
        rng: Numbers for the looks only.
        sex: ``female`` or ``male``.
        age_years: Age.
        races: Shares of the african, asian and caucasian shapes, summing to 1.

    Returns:
        Fields of ``SubjectSpec``: skin, hair, hair_color, eye_color, beard, headwear, glasses.
    """
    ancestry = np.array(races, dtype=float) ** 2
    race = ("african", "asian", "caucasian")[int(rng.choice(3, p=ancestry / ancestry.sum()))]
    skin = skin_rand(rng, races)
    hair = _pick(rng, hair_weights(sex, age_years, races))
    hair_color = hair_color_rand(rng, sex, age_years, race)
    eye = _pick_color(rng, _EYE_COLORS[race]) * (1 + rng.normal(0, 0.08))
    beard = _pick(rng, beard_weights(sex, age_years, races))
    headwear = _pick(rng, headwear_weights(sex, hair))
    glasses = bool(rng.random() < float(np.interp(age_years, (18, 45, 65), (0.14, 0.20, 0.36))))
    return {
        "skin": skin,
        "hair": hair,
        "hair_color": hair_color,
        "eye_color": _color(eye),
        "beard": beard,
        "headwear": headwear,
        "glasses": glasses,
    }
