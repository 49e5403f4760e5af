"""What would more training people buy? Held-out errors of trainings on different numbers of people, carried on.

    python -m benchmarks.learning_curve runs/a/train runs/b/train runs/c/train --people 25000

Each folder holds what ``spineforge train`` wrote (``training.json``, ``metrics.json``), for the same held-out people
and the same budget of crops. Smaller sets of one kind are made with ``share: 0.25`` in a file of sources of
``spineforge dataset mix``. Two readings are printed: a power law (it goes on as it did) and one with a floor.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from spinepose.learning_curve import fit_curves


def errors_of(folder: Path) -> tuple[int, dict[str, float]]:
    """Training people of a finished training, and its held-out errors by name."""
    training = json.loads((folder / "training.json").read_text("utf-8"))
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text("utf-8"))["validation"]
    errors = {f"1 - mean OKS {name}": 1 - value for name, value in found["mean_oks"].items()}
    spine = found.get("spine_error_mm", {})
    for part, words in (("all", "spine"), ("flexed_or_bent", "spine on bent trunks")):
        for key in ("median", "p95"):
            if key in spine.get(part, {}):
                errors[f"{words}, {key}, mm"] = spine[part][key]
    return training["train_people"], errors


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="finished trainings")
    parser.add_argument("--people", type=int, nargs="+", default=[25_000], help="numbers to look ahead to")
    args = parser.parse_args()
    runs = sorted((errors_of(folder) for folder in args.folders), key=lambda run: run[0])
    print("training people: " + ", ".join(str(people) for people, _ in runs))
    for name in runs[0][1]:
        values = [errors[name] for _, errors in runs if name in errors]
        if len(values) < len(runs):
            continue
        found = fit_curves([people for people, _ in runs], values)
        ahead = "; ".join(
            f"{people}: {found.power_law(people):.3g} to {found.with_floor(people):.3g}"
            for people in args.people
        )
        print(
            f"{name}: {', '.join(f'{v:.3g}' for v in values)}; exponent {found.power_law.exponent:.2f}; {ahead}"
        )


if __name__ == "__main__":
    main()
