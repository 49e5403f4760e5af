"""What a check of a fitted trial is given, and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from opensim_models.ik import Problem, Solution
from opensim_models.kinematics import Kinematics

# The worse the later; "not judged" where the trial holds nothing to judge by, "note" for what is odd and harmless.
OUTCOMES = ("not judged", "ok", "note", "review", "reject")


@dataclass(frozen=True)
class Finding:
    """One check of one trial.

    Attributes:
        check: Short name.
        outcome: One of ``OUTCOMES``.
        value: What was measured; None where nothing could be.
        bound: What it is held against, in words.
        source: Where the bound is from.
        words: What came out, in words; a reason where the outcome is review or reject.
    """

    check: str
    outcome: str
    value: float | None
    bound: str
    source: str
    words: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that is known of a solved trial; OpenSim's axes, K markers, T frames.

    Attributes:
        name: The trial.
        times_s: (T,).
        kinematics: The model.
        problem: What was solved.
        measured_m: Markers, (T, K, 3).
        solution: Its solution.
        standing_m: Markers of the static trial, (3,) each.
        landmarks_m: The nine ``spinetrack`` landmarks, (T, 9, 3).
        observed: Whether markers observe them, (T, 9).
        curves_deg: Lordosis, kyphosis and cervical lordosis, (T,) each.
    """

    name: str
    times_s: np.ndarray
    kinematics: Kinematics
    problem: Problem
    measured_m: np.ndarray
    solution: Solution
    standing_m: dict[str, np.ndarray]
    landmarks_m: np.ndarray
    observed: np.ndarray
    curves_deg: dict[str, np.ndarray] = field(default_factory=dict)
