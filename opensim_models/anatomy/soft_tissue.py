"""How deep bone lies under the skin markers of the trunk, by level and build; population means, not any subject.

Lumbar depths are Kawchuk's (2011, Man Ther 16:384; 105 patients with back pain, mean BMI 27, MRI, from the skin to the
tip of the spinous process of L1 to L5: 22.77, 23.00, 27.40, 33.40, 36.65 mm; they rise with BMI, by no slope that its
abstract tells). Every slope, and all rows above L1 and on the pelvis are guesses: cervical depth is known to follow BMI
only moderately (Piche 2023, r = 0.58 at C7). The guessed slopes make a lean back (BMI 19) thin without piercing it.
"""

from __future__ import annotations

import numpy as np

REFERENCE_BMI = 27.0  # Kawchuk 2011: men 27.5, women 27.0
MIN_DEPTH_MM = 5.0  # skin alone is 2-4 mm [guess]

# Site: (depth at the reference BMI in mm, rise in mm for each kg/m2).
DEPTHS: dict[str, tuple[float, float]] = {
    "C7": (17.0, 0.8),
    "T3": (16.0, 0.8),
    "T8": (15.0, 0.8),
    "T12": (19.0, 1.0),
    "L1": (22.8, 1.2),
    "L2": (23.0, 1.3),
    "L3": (27.4, 1.5),
    "L4": (33.4, 1.7),
    "L5": (36.7, 1.8),
    "PSI": (20.0, 1.0),
    "ASI": (17.0, 1.0),
    "ICR": (22.0, 1.5),
}
# What a subject differs from the mean for the BMI, one standard deviation, mm: [guess], a quarter of the depth.
SUBJECT_SD_SHARE = 0.25


def bmi(stature_m: float, mass_kg: float) -> float:
    """Body mass index, kg/m2."""
    return mass_kg / stature_m**2


def depth_m(site: str, bmi_kg_m2: float) -> float:
    """Mean distance from skin to bone (the spinous tip for a vertebra), metres.

    Args:
        site: A row of ``DEPTHS``; a pelvic one without its side.
        bmi_kg_m2: Body mass index; clipped to 15-50, where the line still means something.
    """
    base, slope = DEPTHS[site]
    rise = slope * (float(np.clip(bmi_kg_m2, 15.0, 50.0)) - REFERENCE_BMI)
    return max(base + rise, MIN_DEPTH_MM) / 1000.0
