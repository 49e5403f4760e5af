"""Whether a fitted trial can be used: accept, review or reject, by checks each of which can fail.

The worst finding is the verdict. Marker errors alone accept nothing: a trial without a single judged finding that does
not come from them is for review.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from opensim_models.findings import OUTCOMES, Evidence, Finding
from opensim_models.rulings import CHECKS

# What tells how well markers are met, and nothing of the spine.
_MARKER_CHECKS = ("marker_rms", "marker_max", "missing_samples")


@dataclass(frozen=True)
class Verdict:
    """``accept``, ``review`` or ``reject``, the reasons (empty for a clean accept), and every finding."""

    verdict: str
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def judge(evidence: Evidence) -> Verdict:
    """Rule on a solved trial by all checks."""
    findings = [finding for check in CHECKS for finding in check(evidence)]
    return rule(findings)


def rule(findings: Iterable[Finding]) -> Verdict:
    """The verdict that findings add up to."""
    found = list(findings)
    if not any(f.outcome != "not judged" for f in found if f.check not in _MARKER_CHECKS):
        words = "nothing but marker errors could be checked, and these alone accept no trial"
        found.append(
            Finding("independent_checks", "review", 0.0, "one or more judged", "this project's choice", words)
        )
    worst = max((OUTCOMES.index(f.outcome) for f in found), default=0)
    verdict = "accept" if worst < OUTCOMES.index("review") else OUTCOMES[worst]
    order = ("reject", "review")
    reasons = tuple(f.words for outcome in order for f in found if f.outcome == outcome)
    return Verdict(verdict, reasons, tuple(found))


def with_more(ruling: Verdict, findings: Iterable[Finding]) -> Verdict:
    """A ruling made stricter by further findings, such as repairs of a recording."""
    return rule([*ruling.findings, *findings])


def findings_table(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as plain data, numbers rounded."""
    rows = []
    for finding in findings:
        row = asdict(finding)
        row["value"] = None if finding.value is None else float(f"{finding.value:.6g}")
        rows.append(row)
    return rows
