"""Who a person is: everything needed to build the very same body again, and how to draw one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from opensim_models.anatomy.coordinates import LEVELS
from spinepose.errors import InputError

SCHEMA_VERSION = 2
SEXES = ("female", "male")
#: ``singlet`` and ``sports_top`` leave much of the back open; ``leotard`` and ``dress`` cover hips, too; ``none`` is a
#: man's bare chest and back.
TOPS = (
    "tshirt", "long_sleeve", "tank", "shirt", "hoodie", "jacket", "singlet", "sports_top", "leotard", "dress", "none",
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

# The widest that postures may be, degrees: beyond it a body of blended skin no longer looks like one.
POSTURE_LIMITS_DEG = {
    "lordosis_deg": 35.0,
    "kyphosis_deg": 40.0,
    "forward_head_deg": 30.0,
    "pelvic_tilt_deg": 20.0,
}
MAX_COBB_DEG, MAX_APEX_ROTATION_DEG = 60.0, 40.0


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

    def __post_init__(self) -> None:
        for name, limit in POSTURE_LIMITS_DEG.items():
            if not abs(getattr(self, name)) <= limit:
                raise InputError(
                    f"posture: {name} is {getattr(self, name)}, expected -{limit:g} to {limit:g}"
                )
        for apex, cobb, turn in self.curves:
            if apex not in LEVELS:
                raise InputError(f"posture: apex of a curve is {apex!r}, expected a level such as T8 or L2")
            if not (abs(cobb) <= MAX_COBB_DEG and abs(turn) <= MAX_APEX_ROTATION_DEG):
                raise InputError(
                    f"posture: curve at {apex} has Cobb {cobb} and rotation {turn} degrees, expected at most "
                    f"{MAX_COBB_DEG:g} and {MAX_APEX_ROTATION_DEG:g}"
                )


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
        asymmetry: How unlike left and right are; 0 mirrors them, 1 is an ordinary person (drawn from the seed).
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
    asymmetry: float = 1.0

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
            (
                self.top.kind != "none" or (self.sex == "male" and self.bottom.kind != "skirt"),
                f"top is 'none' on a {self.sex} in a {self.bottom.kind}, expected a man in trousers or shorts",
            ),
            (0 <= self.asymmetry <= 3, f"asymmetry is {self.asymmetry}, expected 0 to 3"),
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
