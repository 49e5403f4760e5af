"""Draw how somebody stands: curves of the back in the sagittal plane, and from side to side.

The rest mesh has a spread of its own (over 60 subjects: lordosis L1-S1 53 degrees, SD 7; kyphosis T1-T12 41, SD 4, and
1.3 degrees more in ten years of age; sacral slope 37, SD 9), so what is drawn here fills it up to what is published:
lordosis SD 10 to 12 (50 +- 11, the reference of ``opensim_models.checks``), kyphosis SD 9 to 10, growing by about 3
degrees in ten years from 40 on (Fon 1980) [mem].
"""

from __future__ import annotations

import numpy as np

from synth.body.spec import POSTURE_LIMITS_DEG, Posture

_LORDOSIS_SD, _KYPHOSIS_SD, _TILT_SD, _HEAD_SD = 8.5, 8.5, 3.5, 4.5
# More kyphosis goes with more lordosis, and more lordosis with a pelvis tilted forward [mem: 0.3-0.5 and 0.5-0.8].
_LORDOSIS_WITH_KYPHOSIS, _LORDOSIS_WITH_TILT = 0.35, 0.5
# With ten years of age: kyphosis and the head's lean grow, lordosis fades [mem: Fon 1980, Griegel-Morris 1992; the
# rest mesh brings 1.3 of the kyphosis and 1.0 of the lean itself].
_KYPHOSIS_PER_DECADE, _HEAD_PER_DECADE, _LORDOSIS_PER_DECADE = 1.7, 0.6, -1.0
# Almost nobody is straight: small curves that nobody calls scoliosis.
_SLIGHT_COBB_SD, _SLIGHT_COBB_MAX = 3.5, 9.0
# How much more frequent 10 degrees and more are with age: 2-3 % of adolescents, 9 % above 40 (Kebaish 2011), 30-68 %
# above 60 (Schwab 2005) [mem]; most of the latter are small, so the old are drawn with fewer.
_SCOLIOSIS_AGES, _SCOLIOSIS_FACTORS = (18, 40, 60, 80), (1.0, 2.0, 4.0, 6.0)
_COBB_OVER_10_MEAN = 9.0
# Apical rotation per degree of Cobb [mem: Perdriolle; 10-15 degrees at 30].
_TURN_PER_COBB, _TURN_PER_COBB_SD = 0.40, 0.10
_RIGHT_THORACIC = 0.85  # share of thoracic curves that are convex to the right [mem]
_LEFT_LUMBAR = 0.70


def _curve(
    rng: np.random.Generator, apices: tuple[str, ...], cobb: float, left: float
) -> tuple[str, float, float]:
    """One curve: apex, signed Cobb angle, and rotation of the apex towards its convex side."""
    apex = apices[int(rng.integers(len(apices)))]
    sign = 1.0 if rng.random() < left else -1.0
    turn = cobb * max(float(rng.normal(_TURN_PER_COBB, _TURN_PER_COBB_SD)), 0.05)
    return apex, round(sign * cobb, 2), round(sign * turn, 2)


def _opposed(curve: tuple[str, float, float], to: tuple[str, float, float]) -> tuple[str, float, float]:
    """The same curve, convex to the other side than its neighbour."""
    sign = -1.0 if to[1] > 0 else 1.0
    return curve[0], sign * abs(curve[1]), sign * abs(curve[2])


def curves_rand(
    rng: np.random.Generator, age_years: int, spread: float, scoliosis_share: float, max_cobb_deg: float
) -> tuple[tuple[str, float, float], ...]:
    """Draw the curves of a back from side to side, as :class:`Posture` has them.

    Half of the larger curves are thoracic, a third thoracolumbar or lumbar, the rest double; above 55 more are
    lumbar (degenerative).
    """
    share = scoliosis_share * float(np.interp(age_years, _SCOLIOSIS_AGES, _SCOLIOSIS_FACTORS))
    thoracic, lumbar = ("T7", "T8", "T9"), ("T12", "L1", "L2")
    if rng.random() < min(share, 0.95):
        cobb = min(10.0 + float(rng.exponential(_COBB_OVER_10_MEAN)), max_cobb_deg)
        kind = rng.random() + (0.25 if age_years > 55 else 0.0)
    else:
        cobb = min(abs(float(rng.normal(0.0, _SLIGHT_COBB_SD))) * spread, _SLIGHT_COBB_MAX)
        kind = rng.random()
    if cobb < 0.5:
        return ()
    main = _curve(rng, thoracic, cobb, 1 - _RIGHT_THORACIC)
    if kind < 0.5:
        return (main,)
    low = _curve(rng, lumbar if age_years < 55 else ("L1", "L2", "L3"), cobb, _LEFT_LUMBAR)
    if kind < 0.8 or age_years > 55:
        return (low,)
    second = _curve(rng, lumbar, cobb * float(rng.uniform(0.6, 0.95)), 0.5)
    return main, _opposed(second, main)


def posture_rand(
    rng: np.random.Generator,
    sex: str,
    age_years: int,
    spread: float = 1.0,
    scoliosis_share: float = 0.03,
    max_cobb_deg: float = 40.0,
) -> Posture:
    """Draw a standing posture.

    Args:
        rng: Numbers of this subject's posture.
        sex: ``female`` or ``male``: older women's kyphosis grows by a quarter more.
        age_years: Age.
        spread: Factor on the standard deviations and on what age does.
        scoliosis_share: Share of young adults with a curve of 10 degrees Cobb or more; six times as many at 80.
        max_cobb_deg: The largest Cobb angle.
    """
    common, tilting, own = rng.normal(0.0, 1.0, 3)
    late, grown = max(age_years - 40, 0) / 10, (age_years - 30) / 10
    kyphosis = _KYPHOSIS_SD * common + _KYPHOSIS_PER_DECADE * late * (1.25 if sex == "female" else 1.0)
    rest = np.sqrt(1 - _LORDOSIS_WITH_KYPHOSIS**2 - _LORDOSIS_WITH_TILT**2)
    lordosis = _LORDOSIS_SD * (_LORDOSIS_WITH_KYPHOSIS * common + _LORDOSIS_WITH_TILT * tilting + rest * own)
    lordosis += _LORDOSIS_PER_DECADE * late
    head = _HEAD_SD * float(rng.normal()) + _HEAD_PER_DECADE * grown + 0.15 * kyphosis
    drawn = {
        "lordosis_deg": lordosis,
        "kyphosis_deg": kyphosis - 1.0,
        "forward_head_deg": head,
        "pelvic_tilt_deg": _TILT_SD * tilting,
    }
    limited = {
        name: round(float(np.clip(spread * value, -0.8 * limit, 0.8 * limit)), 2)
        for (name, value), limit in zip(drawn.items(), POSTURE_LIMITS_DEG.values(), strict=True)
    }
    return Posture(**limited, curves=curves_rand(rng, age_years, spread, scoliosis_share, max_cobb_deg))
