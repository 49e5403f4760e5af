"""What the trunk's markers tell of a subject's build: distances across it, which grow with the body mass index.

They tell little more than lean from stout. They serve where the mass is not known, and to notice a mass that does not
go with the markers: the depth of every vertebra under the skin hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Distance over stature at a body mass index of 25, and its rise for each unit: regression over 125 rendered people of
# this project (MakeHuman's shapes), BMI 17-33, whose residuals are 1.5 to 2.1 units a distance.
_REFERENCE_BMI = 25.0
_DISTANCES: dict[tuple[str, ...], tuple[float, float]] = {
    ("LRIB", "RRIB"): (0.185, 0.0035),
    ("LICR", "RICR"): (0.195, 0.0057),
    ("LASI", "RASI", "LPSI", "RPSI"): (0.127, 0.0059),
    ("STRN", "T8"): (0.132, 0.0033),
}
_NEEDED = 3
UNKNOWN_BMI = 24.0
# Of a guess without and with these distances; real people vary more [guess].
_UNKNOWN_SD, _GIRTH_SD = 5.0, 4.0
# How much thicker the skin of a whole trunk is than the body mass index says: 3 mm, but for one in five, of whom the
# mass was told wrongly or sits elsewhere than in most, 20 mm; distances across a trunk tell it to 6 mm a side, for
# bones differ too. All [guess].
_EXCESS_SD_M, _ODD_EXCESS_SD_M, _ODD_SHARE, _SIDE_SD_M = 0.003, 0.020, 0.2, 0.006
_UNTOLD_EXCESS_SD_M = 0.006  # where the build itself comes from those distances
_WORTH_SAYING = 0.3


@dataclass(frozen=True)
class Build:
    """What is known of how thick a subject's skin is.

    Attributes:
        bmi_sd: Standard deviation of the body mass index, kg/m2.
        excess_m: Mean and standard deviation of the skin over what the body mass index says.
        doubts: Warnings.
    """

    bmi_sd: float
    excess_m: tuple[float, float]
    doubts: tuple[str, ...] = ()


def girth_bmi(markers_m: dict[str, np.ndarray], stature_m: float) -> float | None:
    """Body mass index that the distances across the trunk speak for, the mean of each; None where too few are shown.

    Args:
        markers_m: Marker name to its place, (3,), metres.
        stature_m: Metres.
    """
    said = [
        _REFERENCE_BMI + (distance - base) / slope
        for distance, base, slope in _distances(markers_m, stature_m)
    ]
    return float(np.clip(np.mean(said), 16.0, 42.0)) if len(said) >= _NEEDED else None


def assess_build(bmi: float, markers_m: dict[str, np.ndarray], stature_m: float, told: bool) -> Build:
    """How sure a body mass index is, and how much thicker than it says the skin may be.

    Args:
        bmi: kg/m2.
        markers_m: Marker name to its place, (3,), metres.
        stature_m: Metres.
        told: Whether the mass was measured.
    """
    shape = girth_bmi(markers_m, stature_m)
    if not told:
        return Build(_UNKNOWN_SD if shape is None else _GIRTH_SD, (0.0, _UNTOLD_EXCESS_SD_M))
    if shape is None:
        return Build(0.0, (0.0, _EXCESS_SD_M))
    # Markers nearer in than expected say nothing: much of a heavy body is not over its bones.
    side = max(float(np.mean(_sides(markers_m, stature_m, bmi))), 0.0)
    mean, sd, odd = _excess(side)
    if odd < _WORTH_SAYING:
        return Build(0.0, (mean, sd))
    words = (
        f"the mass told makes a body mass index of {bmi:.0f}, the markers across the trunk speak for {shape:.0f}: "
        f"skin is taken as {1000 * mean:.0f} mm thicker, depth of vertebrae is stated wider"
    )
    return Build(0.0, (mean, sd), (words,))


def _excess(side_m: float) -> tuple[float, float, float]:
    """Mean and standard deviation of the skin's excess where markers stand farther out, and that it is no usual one."""
    variances = np.array([_EXCESS_SD_M, _ODD_EXCESS_SD_M]) ** 2
    total = variances + _SIDE_SD_M**2
    weights = np.array([1 - _ODD_SHARE, _ODD_SHARE]) * np.exp(-0.5 * side_m**2 / total) / np.sqrt(total)
    weights /= weights.sum()
    means = side_m * variances / total
    mean = float(weights @ means)
    spread = weights @ (variances * _SIDE_SD_M**2 / total + (means - mean) ** 2)
    return mean, float(np.sqrt(spread)), float(weights[1])


def _sides(markers_m: dict[str, np.ndarray], stature_m: float, bmi: float) -> list[float]:
    """By how much each distance across the trunk exceeds that of a body mass index, half of it, metres."""
    return [
        (distance - (base + slope * (bmi - _REFERENCE_BMI))) * stature_m / 2
        for distance, base, slope in _distances(markers_m, stature_m)
    ]


def _distances(markers_m: dict[str, np.ndarray], stature_m: float) -> list[tuple[float, float, float]]:
    """The distances that are shown, over stature, with their rows of the table."""
    found = []
    for names, (base, slope) in _DISTANCES.items():
        if all(name in markers_m for name in names):
            half = len(names) // 2
            ends = [np.mean([markers_m[n] for n in part], axis=0) for part in (names[:half], names[half:])]
            found.append((float(np.linalg.norm(ends[1] - ends[0])) / stature_m, base, slope))
    return found
