"""Who a person is: everything needed to build the very same body again, and how to draw one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from spinepose.errors import InputError
from spinepose.rng import rng_for

SCHEMA_VERSION = 2
SEXES = ("female", "male")
#: ``singlet`` and ``sports_top`` leave much of the back open; ``leotard`` and ``dress`` cover hips, too.
TOPS = (
    "tshirt", "long_sleeve", "tank", "shirt", "hoodie", "jacket", "singlet", "sports_top", "leotard", "dress",
)  # fmt: skip
#: ``none`` goes with a leotard or a dress only: nobody is unclothed.
BOTTOMS = ("trousers", "jeans", "leggings", "shorts", "skirt", "none")
SHOES = ("sneakers", "boots", "flats", "barefoot")
ONE_PIECE = ("leotard", "dress")
PATTERNS = ("plain", "stripes", "checks", "dots", "blocks", "print")
FABRICS = ("cotton", "knit", "denim", "stretch", "fleece")
HAIR_KINDS = ("short", "buzz", "bob", "long", "bun", "bald", "ponytail", "braid", "curly", "afro")
BEARDS = ("none", "stubble", "moustache", "full")
HEADWEAR = ("none", "cap", "beanie", "headband")

# Mean and SD of adult stature, metres, and mean BMI: NCD-RisC's averages over countries, rounded; the SDs are the
# usual 6 to 7 cm within a country, widened for the mix of countries.
_STATURE_M = {"female": (1.62, 0.070), "male": (1.75, 0.075)}
STATURE_RANGE_M = {"female": (1.46, 1.82), "male": (1.58, 1.98)}
BMI_RANGE = (17.0, 36.0)
AGE_RANGE = (18, 80)


@dataclass(frozen=True)
class Cloth:
    """What one garment is made of.

    Attributes:
        kind: One of ``TOPS``, ``BOTTOMS`` or ``SHOES``.
        pattern: One of ``PATTERNS``.
        color: sRGB, 0 to 255.
        color2: The pattern's second colour.
        looseness: 0 hugs the body, 1 hangs loosely.
        length: 0 is the kind's shortest cut, 1 its longest.
        fabric: One of ``FABRICS``.
    """

    kind: str
    pattern: str
    color: tuple[int, int, int]
    color2: tuple[int, int, int]
    looseness: float
    length: float
    fabric: str = "cotton"


@dataclass(frozen=True)
class Posture:
    """How someone stands, away from the average of the tables. Angles in degrees, bending as named.

    Attributes:
        lordosis_deg: More (+) or less lumbar lordosis, L1 to S1.
        kyphosis_deg: More (+) or less thoracic kyphosis, T1 to T12.
        forward_head_deg: Forward lean of the neck (C7 to C2) with the face kept level; + is forward.
        pelvic_tilt_deg: More (+) anterior tilt of the pelvis, the trunk kept upright.
        curves: Scoliotic curves: name of the apical level, Cobb angle (positive: convex to the left), and
            rotation of the apex about the long axis (positive: towards the left).
    """

    lordosis_deg: float = 0.0
    kyphosis_deg: float = 0.0
    forward_head_deg: float = 0.0
    pelvic_tilt_deg: float = 0.0
    curves: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class SubjectSpec:
    """A person.

    Attributes:
        subject_id: The person's name in files.
        seed: Seeds what the fields leave open: anatomy, palpation, face, texture.
        sex: ``female`` or ``male``.
        age_years: 18 to 80.
        stature_m: Standing height without shoes, metres.
        bmi: Body mass index asked for, kg/m2.
        muscle: 0 to 1.
        proportions: 0 to 1; MakeHuman's axis from ideal to uncommon.
        cup: 0 to 1, for women.
        races: Shares of MakeHuman's african, asian and caucasian head and body shapes; they sum to 1.
        skin: sRGB of the skin, 0 to 255.
        top: What the trunk wears.
        bottom: What the legs wear.
        shoes: What the feet wear.
        hair: One of ``HAIR_KINDS``.
        hair_color: sRGB.
        eye_color: sRGB of the iris.
        beard: One of ``BEARDS``.
        headwear: One of ``HEADWEAR``.
        glasses: Whether they wear glasses.
        posture: How they stand.
    """

    subject_id: str
    seed: int
    sex: str
    age_years: int
    stature_m: float
    bmi: float
    muscle: float
    proportions: float
    cup: float
    races: tuple[float, float, float]
    skin: tuple[int, int, int]
    top: Cloth
    bottom: Cloth
    shoes: Cloth
    hair: str
    hair_color: tuple[int, int, int]
    eye_color: tuple[int, int, int]
    beard: str = "none"
    headwear: str = "none"
    glasses: bool = False
    posture: Posture = Posture()

    def __post_init__(self) -> None:
        checks = (
            (self.sex in SEXES, f"sex is {self.sex!r}, expected one of {', '.join(SEXES)}"),
            (1.2 <= self.stature_m <= 2.2, f"stature_m is {self.stature_m}, expected metres from 1.2 to 2.2"),
            (14 <= self.bmi <= 45, f"bmi is {self.bmi}, expected 14 to 45"),
            (18 <= self.age_years <= 100, f"age_years is {self.age_years}, expected 18 to 100"),
            (self.top.kind in TOPS, f"top is {self.top.kind!r}, expected one of {', '.join(TOPS)}"),
            (
                self.bottom.kind in BOTTOMS,
                f"bottom is {self.bottom.kind!r}, expected one of {', '.join(BOTTOMS)}",
            ),
            (self.shoes.kind in SHOES, f"shoes are {self.shoes.kind!r}, expected one of {', '.join(SHOES)}"),
            (self.hair in HAIR_KINDS, f"hair is {self.hair!r}, expected one of {', '.join(HAIR_KINDS)}"),
            (self.beard in BEARDS, f"beard is {self.beard!r}, expected one of {', '.join(BEARDS)}"),
            (
                self.headwear in HEADWEAR,
                f"headwear is {self.headwear!r}, expected one of {', '.join(HEADWEAR)}",
            ),
            (
                self.bottom.kind != "none" or self.top.kind in ONE_PIECE,
                f"bottom is 'none' under a {self.top.kind}, expected something to wear",
            ),
            (abs(sum(self.races) - 1) < 0.01, f"races sum to {sum(self.races)}, expected 1"),
        )
        for good, message in checks:
            if not good:
                raise InputError(f"subject {self.subject_id!r}: {message}")

    def to_json(self) -> str:
        """Compact JSON without whitespace; :meth:`from_json` gives an equal spec back."""
        return json.dumps({"schema_version": SCHEMA_VERSION, **asdict(self)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SubjectSpec:
        """Read what :meth:`to_json` wrote.

        Raises:
            InputError: Not JSON, another schema, or a field is missing, unknown or out of bounds.
        """
        try:
            data = json.loads(text)
            version = data.pop("schema_version", None)
            if version != SCHEMA_VERSION:
                raise InputError(f"subject spec has schema {version}, this version reads {SCHEMA_VERSION}")
            names = {f.name for f in fields(cls)}
            if set(data) != names:
                raise InputError(f"subject spec: missing or unknown fields {sorted(set(data) ^ names)}")
            for garment in ("top", "bottom", "shoes"):
                data[garment] = Cloth(**_tuples(data[garment]))
            posture = data["posture"]
            data["posture"] = Posture(**posture | {"curves": tuple(map(tuple, posture["curves"]))})
            return cls(**_tuples(data))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise InputError(
                f"subject spec cannot be read ({error}); write it with SubjectSpec.to_json"
            ) from error


def _tuples(fields_json: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists back to tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields_json.items()}


# Anchors of skin colour from light to dark, sRGB; a person's is drawn between two neighbours.
_SKIN = np.array(
    [
        (240, 208, 188),
        (228, 190, 165),
        (214, 168, 138),
        (190, 140, 108),
        (160, 110, 80),
        (122, 80, 58),
        (88, 56, 42),
    ]
)
_HAIR_COLORS = {
    "african": ((24, 20, 18), (36, 28, 24), (48, 36, 28)),
    "asian": ((22, 20, 20), (34, 27, 24), (60, 42, 32)),
    "caucasian": ((52, 38, 28), (84, 58, 38), (122, 88, 54), (168, 130, 82), (110, 52, 30), (30, 24, 22)),
}
_CLOTH_COLORS = (
    (32, 34, 40), (62, 66, 72), (120, 124, 128), (205, 205, 200), (236, 234, 228), (30, 46, 86), (52, 92, 152),
    (110, 150, 190), (130, 34, 40), (178, 58, 52), (206, 120, 60), (222, 178, 70), (52, 92, 62), (96, 128, 86),
    (90, 60, 110), (150, 96, 140), (214, 160, 170), (120, 88, 62), (186, 160, 126), (40, 110, 112),
)  # fmt: skip
_BOTTOM_COLORS = (
    (28, 30, 36), (46, 52, 66), (40, 58, 96), (70, 92, 132), (96, 84, 70), (150, 132, 104), (90, 92, 94), (54, 60, 46),
)  # fmt: skip
_SHOE_COLORS = ((34, 34, 36), (226, 226, 222), (92, 62, 44), (60, 66, 90), (150, 40, 44), (120, 122, 124))
_EYE_COLORS = ((70, 46, 30), (92, 64, 36), (86, 96, 60), (92, 120, 150), (60, 40, 28))


def _pick(rng: np.random.Generator, options: tuple, weights: tuple | None = None):
    p = None if weights is None else np.array(weights) / np.sum(weights)
    return options[int(rng.choice(len(options), p=p))]


def _shade(rng: np.random.Generator, color: tuple[int, int, int], spread: float = 10) -> tuple[int, int, int]:
    r, g, b = (int(c) for c in np.clip(np.round(np.array(color) + rng.normal(0, spread, 3)), 8, 245))
    return r, g, b


def _truncated_normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    for _ in range(100):
        value = rng.normal(mean, sd)
        if low <= value <= high:
            return float(value)
    return float(np.clip(mean, low, high))


def cloth_rand(rng: np.random.Generator, kind: str, colors: tuple, patterned: float) -> Cloth:
    """Draw the cloth of one garment."""
    patterns = PATTERNS[1:5] if kind in TOPS else ("checks", "stripes")
    pattern = _pick(rng, patterns) if rng.random() < patterned else "plain"
    return Cloth(
        kind,
        pattern,
        _shade(rng, _pick(rng, colors)),
        _shade(rng, _pick(rng, colors)),
        round(float(rng.uniform(0.0, 1.0)), 3),
        round(float(rng.uniform(0.0, 1.0)), 3),
    )


def _skin_rand(rng: np.random.Generator, races: np.ndarray) -> tuple[int, int, int]:
    african, asian, caucasian = races
    place = (
        african * rng.uniform(3.6, 6.0) + asian * rng.uniform(0.8, 3.4) + caucasian * rng.uniform(0.0, 2.6)
    )
    color = [np.interp(place, range(len(_SKIN)), _SKIN[:, c]) for c in range(3)]
    return _shade(rng, tuple(int(c) for c in color), 4)  # type: ignore[arg-type]


def _hair_rand(
    rng: np.random.Generator, sex: str, age: int, races: np.ndarray
) -> tuple[str, tuple[int, int, int]]:
    chances = {"female": (0.14, 0.02, 0.28, 0.32, 0.24, 0.0), "male": (0.66, 0.2, 0.03, 0.03, 0.0, 0.08)}
    kind = _pick(rng, HAIR_KINDS[:6], chances[sex])
    color = np.array(
        _pick(rng, _HAIR_COLORS[("african", "asian", "caucasian")[int(np.argmax(races))]]), float
    )
    grey = np.clip((age - 40) / 40 + rng.normal(0, 0.2), 0, 1) * (age > 35)
    color = color * (1 - grey) + np.array([190, 188, 184]) * grey
    return kind, _shade(rng, tuple(int(c) for c in color), 4)  # type: ignore[arg-type]


def sample_subject(rng: np.random.Generator, subject_id: str) -> SubjectSpec:
    """Draw a person.

    Args:
        rng: Numbers of this subject; the subject's own seed is drawn from it.
        subject_id: The person's name in files.
    """
    seed = int(rng.integers(2**31))
    body, look = rng_for(seed, "subject", "body"), rng_for(seed, "subject", "look")
    sex = _pick(body, SEXES)
    age = int(body.integers(AGE_RANGE[0], AGE_RANGE[1] + 1))
    stature = _truncated_normal(body, *_STATURE_M[sex], *STATURE_RANGE_M[sex])
    bmi = _truncated_normal(body, 25.5, 4.8, *BMI_RANGE)
    shares = np.round(body.dirichlet((0.5, 0.5, 0.5)), 3)
    shares[2] = round(1 - shares[0] - shares[1], 3)
    hair, hair_color = _hair_rand(look, sex, age, shares)
    bottoms = (0.42, 0.18, 0.2, 0.2) if sex == "female" else (0.6, 0.06, 0.34, 0.0)
    return SubjectSpec(
        subject_id=subject_id,
        seed=seed,
        sex=sex,
        age_years=age,
        stature_m=round(stature, 3),
        bmi=round(bmi, 2),
        muscle=round(float(np.clip(body.normal(0.55, 0.16), 0.15, 0.95)), 3),
        proportions=round(float(body.uniform(0.2, 0.8)), 3),
        cup=round(float(np.clip(body.normal(0.45, 0.18), 0.05, 0.9)), 3),
        races=(float(shares[0]), float(shares[1]), float(shares[2])),
        skin=_skin_rand(look, shares),
        top=cloth_rand(
            look, _pick(look, ("tshirt", "long_sleeve", "tank"), (0.5, 0.3, 0.2)), _CLOTH_COLORS, 0.45
        ),
        bottom=cloth_rand(
            look, _pick(look, ("trousers", "leggings", "shorts", "skirt"), bottoms), _BOTTOM_COLORS, 0.12
        ),
        shoes=cloth_rand(look, _pick(look, SHOES[:2], (0.8, 0.2)), _SHOE_COLORS, 0.0),
        hair=hair,
        hair_color=hair_color,
        eye_color=_pick(look, _EYE_COLORS, (4, 2, 1, 1.5, 2)),
    )
