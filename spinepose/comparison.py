"""Our numbers beside the paper's (SpineTrack, CVPRW 2025, arXiv 2504.08110), as a table to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("COCO17", "Halpe26", "Body", "Feet", "Spine", "Overall")

# AP/AR in percent as published; Body to Overall on SpineTrack's validation set, COCO and Halpe26 on those sets' own.
PUBLISHED: dict[str, tuple[str, ...]] = {
    "RTMPose-s": ("69.7/74.7", "72.0/76.7", "80.9/83.6", "78.9/83.5", "0/0", "17.2/19.4"),
    "SpinePose-s": ("68.2/73.1", "70.6/75.2", "79.1/82.1", "77.5/82.9", "89.6/90.7", "84.2/86.2"),
    "RTMPose-m": ("75.1/80.0", "76.7/81.3", "85.5/87.9", "84.1/88.2", "0/0", "19.4/21.4"),
    "SpinePose-m": ("73.0/77.5", "75.0/79.2", "84.0/86.4", "83.5/87.4", "91.4/92.5", "88.0/89.5"),
    "SpinePose-l": ("75.2/79.5", "77.0/81.1", "85.4/87.7", "85.5/89.2", "91.0/92.2", "88.4/90.0"),
    "SpinePose-x 384x288": ("75.9/80.1", "77.6/81.8", "86.3/88.5", "86.3/89.7", "89.3/91.0", "88.9/89.9"),
}


def comparison_table(name: str, labels: str, subsets: Mapping[str, Mapping[str, Any]]) -> str:
    """A Markdown table of AP/AR in percent.

    Args:
        name: Our model's.
        labels: The label file that it was measured on.
        subsets: AP and AR in 0..1 by subset; None where nobody is labelled.
    """
    rows = ["| model | " + " | ".join(COLUMNS) + " |", "| --- " * (len(COLUMNS) + 1) + "|"]
    rows += [f"| {model} (published) | " + " | ".join(cells) + " |" for model, cells in PUBLISHED.items()]
    rows.append(f"| **{name}** on {labels} | " + " | ".join(_cell(subsets.get(c)) for c in COLUMNS) + " |")
    rows += [
        "",
        "AP/AR x 100. The published rows were measured on SpineTrack's validation pictures (COCO17 and Halpe26 on",
        "those sets' own); ours on the labels named. Only on the same labels may the numbers be compared.",
    ]
    return "\n".join(rows) + "\n"


def _cell(values: Mapping[str, Any] | None) -> str:
    if values is None or values["AP"] is None:
        return "-"
    return f"{100 * values['AP']:.1f}/{100 * values['AR']:.1f}"
