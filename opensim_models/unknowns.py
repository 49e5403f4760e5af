"""What is taken of a subject whose stature, mass or sex nobody told: estimates from lengths between markers."""

from __future__ import annotations

import numpy as np

from opensim_models.anatomy.segments import NOMINAL_STATURE_M
from opensim_models.girth import UNKNOWN_BMI, girth_bmi
from opensim_models.scale import SACRUM_MARKER

# Lengths between markers relative to stature, from the tables of anatomy.segments; trunk: C7 to the posterior iliac
# spines, 509 mm (Ernst 2013) at an assumed 1.72 m.
_OF_STATURE = {"shanks": 0.41 / 1.70, "legs": 0.478 / 1.70, "forearms": 0.248 / 1.70, "trunk": 0.296}
_LENGTH_SD_M = 0.07
# How high above the feet's markers (heel and toe) others are in somebody who stands, relative to stature, by the
# project's own tables, and the standard error of a stature taken from it [guess]; the best that is shown counts.
_FEET = ("LHEE", "RHEE", "LTOE", "RTOE")
_HEIGHTS: tuple[tuple[str, tuple[str, ...], float, float], ...] = (
    ("the head's height", ("LFHD", "RFHD", "LBHD", "RBHD"), 0.947, 0.02),
    ("the height of C7", ("C7",), 0.828, 0.03),
    ("the shoulders' height", ("LACR", "RACR"), 0.818, 0.035),
)


def estimate_info(
    stature_m: float | None,
    mass_kg: float | None,
    sex: str | None,
    markers_m: dict[str, np.ndarray],
    standing: bool = False,
) -> tuple[float, float, str, tuple[str, ...]]:
    """Fill in what is not known of a subject from lengths and heights of markers.

    Args:
        stature_m: Metres, or None.
        mass_kg: Kilograms, or None.
        sex: ``female``, ``male`` or None.
        markers_m: Marker name to its place, (3,), OpenSim's axes.
        standing: Whether they are of somebody who stands, so that heights tell too.

    Returns:
        Stature, mass, sex, and a warning for each that was estimated.
    """
    warnings = []
    if stature_m is None:
        stature_m, spread, words = _stature(markers_m, standing)
        warnings.append(
            f"stature is not known: taken as {stature_m:.2f} m from {words} (give or take {spread:.2f})"
        )
    if mass_kg is None:
        shape = girth_bmi(markers_m, stature_m)
        build = UNKNOWN_BMI if shape is None else shape
        mass_kg = build * stature_m**2
        source = "the average" if shape is None else "the trunk's width and depth"
        warnings.append(
            f"mass is not known: taken as {mass_kg:.0f} kg, a body mass index of {build:.0f} from {source}; skin "
            "depth and with it the depth of vertebrae are stated wider"
        )
    if sex is None:
        sex = "male" if stature_m >= NOMINAL_STATURE_M else "female"
        warnings.append(
            f"sex is not known: taken as {sex} from the stature; depth of vertebrae differs by 8 %"
        )
    return stature_m, mass_kg, sex, tuple(warnings)


def _stature(markers_m: dict[str, np.ndarray], standing: bool) -> tuple[float, float, str]:
    """Stature, its standard error and what it was taken from: what lengths say on average, and the best height."""
    lengths = _lengths(markers_m)
    said = {what: (value, _LENGTH_SD_M * np.sqrt(len(lengths))) for what, value in lengths.items()}
    said.update(_height(markers_m) if standing else {})
    if not said:
        return NOMINAL_STATURE_M, 0.09, "nothing but the average"
    weights = np.array([spread**-2 for _, spread in said.values()])
    mean = float(weights @ [value for value, _ in said.values()] / weights.sum())
    # Lengths of one body go together: their mean is hardly better than one of them.
    return float(np.clip(mean, 1.2, 2.2)), float(weights.sum() ** -0.5), ", ".join(said)


def _height(markers_m: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Stature by the best height that is shown, with its standard error."""
    if not all(name in markers_m for name in _FEET):
        return {}
    floor = np.mean([markers_m[name][1] for name in _FEET])
    for words, names, share, spread in _HEIGHTS:
        if all(name in markers_m for name in names):
            return {words: (float(np.mean([markers_m[name][1] for name in names]) - floor) / share, spread)}
    return {}


def _lengths(markers_m: dict[str, np.ndarray]) -> dict[str, float]:
    """Stature by each length that is shown, the mean of both sides."""

    def middle(*names: str) -> np.ndarray | None:
        return np.mean([markers_m[n] for n in names], axis=0) if all(n in markers_m for n in names) else None

    said: dict[str, list[float]] = {}
    for side in "LR":
        for what, start, end in (
            ("shanks", middle(f"{side}KNL", f"{side}KNM"), middle(f"{side}ANL", f"{side}ANM")),
            ("legs", middle(f"{side}ASI"), middle(f"{side}KNL", f"{side}KNM")),
            ("forearms", middle(f"{side}ELL", f"{side}ELM"), middle(f"{side}WRR", f"{side}WRU")),
        ):
            if start is not None and end is not None:
                said.setdefault(what, []).append(float(np.linalg.norm(end - start)) / _OF_STATURE[what])
    back = middle("LPSI", "RPSI")
    back = markers_m.get(SACRUM_MARKER) if back is None else back
    if back is not None and "C7" in markers_m:
        said["trunk"] = [float(np.linalg.norm(markers_m["C7"] - back)) / _OF_STATURE["trunk"]]
    return {what: float(np.mean(values)) for what, values in said.items()}
