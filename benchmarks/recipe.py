"""What takes a model off the mean-pose plateau: the recipe from scratch, and the same without each of its parts.

Trains a body teacher of every variant on the same crops and budget and follows the mean OKS of people held out against
the crops seen. Prints a table, writes ``recipe.csv`` and ``recipe.png``; what is finished is read on a second call.

    python -m benchmarks.recipe --data runs/big/dataset --samples 16000 --out runs/recipe
    python -m benchmarks.recipe --data runs/big/dataset --variants recipe "no auxiliary head"
"""

from __future__ import annotations

import argparse
import csv
import logging
from pathlib import Path
from typing import Any

import matplotlib
import torch

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from spinepose.config import TrainConfig
from spinepose.train import run_training
from spinepose.training_log import TrainingLog

VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {},
    "usual crops from the start": {"small_share": 0.0},
    "no auxiliary head": {"loss_weights": {"auxiliary": 0.0}},
    "no keypoint-map term": {"loss_weights": {"keypoint_map": 0.0}},
    "head not taught first": {"head_warmup_steps": 0},
    "logits pull fully at the backbone": {"backbone_pull": 1.0},
    "none of the five": {
        "small_share": 0.0,
        "loss_weights": {"auxiliary": 0.0, "keypoint_map": 0.0},
        "head_warmup_steps": 0,
        "backbone_pull": 1.0,
    },
    "published augmentation": {
        "augment": {
            "half_body": 0.3,
            "scale": 0.4,
            "rotation_deg": 80.0,
            "rotation_probability": 0.6,
            "shift": 0.16,
            "photometric": 0.8,
            "noise": 0.3,
            "dropout": 1.0,
        }
    },
    "fp32": {"precision": "fp32"},
}


def run_variant(name: str, args: argparse.Namespace) -> tuple[dict[str, Any], TrainingLog]:
    """Train one variant, or read what an earlier call left."""
    config = TrainConfig.model_validate(
        {
            "size": args.size,
            "teacher_samples": args.samples,
            "student_samples": 0,
            "evaluations": args.evaluations,
            "evaluation_people": args.people,
            "batch_size": args.batch_size,
            "learning_rate": args.learning_rate,
            "optimiser": args.optimiser,
            "shards": args.cores,
            **VARIANTS[name],
        }
    )
    folder = args.out / "".join(c if c.isalnum() else "-" for c in name)
    labels = [
        args.data / "annotations" / f"person_keypoints_{split}-synth.json" for split in ("train", "val")
    ]
    logging.info("%s", name)
    summary = run_training(config, *labels, args.data / "images", folder, seed=args.seed)
    return summary, TrainingLog(folder / "metrics.csv")


def draw(logs: dict[str, TrainingLog], mean_pose: float, path: Path) -> None:
    """Held-out mean OKS of the body against crops seen, a line a variant."""
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for number, (name, log) in enumerate(logs.items()):
        samples, values = log.series("teacher", "val_oks_body")
        axes.plot(samples, values, marker="o", markersize=3, color=f"C{number}", label=name)
    axes.axhline(mean_pose, color="0.4", linestyle=":", label="mean pose")
    axes.set(xlabel="crops seen", ylabel="held-out mean OKS, body", xlim=(0, None), ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Run the variants and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a run's dataset folder")
    parser.add_argument("--out", type=Path, default=Path("runs/recipe"))
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--samples", type=int, default=16_000, help="crops that each variant sees")
    parser.add_argument("--size", default="t")
    parser.add_argument("--evaluations", type=int, default=8)
    parser.add_argument("--people", type=int, default=300, help="held-out people of an evaluation")
    parser.add_argument("--batch-size", type=int, default=TrainConfig().batch_size)
    parser.add_argument("--learning-rate", type=float, default=TrainConfig().learning_rate)
    parser.add_argument("--optimiser", choices=("muon", "adamw"), default=TrainConfig().optimiser)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.cores)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    args.out.mkdir(parents=True, exist_ok=True)
    logs, rows = {}, []
    for name in args.variants:
        summary, logs[name] = run_variant(name, args)
        samples, values = logs[name].series("teacher", "val_oks_body")
        rows.append(
            {"variant": name, **{f"{s:.0f}": f"{v:.3f}" for s, v in zip(samples, values, strict=True)}}
        )
    mean_pose = summary["mean_pose_oks"]["Body"]
    with (args.out / "recipe.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    draw(logs, mean_pose, args.out / "recipe.png")
    print(f"held-out mean OKS of the body by crops seen; the mean pose has {mean_pose:.3f}")
    for row in rows:
        print(f"{row['variant']:34s}" + "  ".join(f"{k} {v}" for k, v in row.items() if k != "variant"))


if __name__ == "__main__":
    main()
