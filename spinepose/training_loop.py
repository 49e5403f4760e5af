"""The training loop of one model: steps, log, held-out evaluation, checkpoints to resume from."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from spinepose.config import TrainConfig
from spinepose.data import CropDataset, Crops, PersonImages, training_loader
from spinepose.distill import Teacher
from spinepose.errors import InputError, StageError
from spinepose.held_out import evaluate_crops, rank
from spinepose.losses import (
    Logits,
    distillation,
    gradient_norms,
    heatmap_loss,
    positional,
    spine_terms,
    total,
)
from spinepose.model.cspnext import STRIDES
from spinepose.model.family import AuxiliaryHead, PoseModel, initialise
from spinepose.model.simcc import encode
from spinepose.model.weights import read_dict, save_dict
from spinepose.optim import RunningAverage, make_optimiser, rate_kept, rate_share
from spinepose.parallel import Group
from spinepose.precision import resolve_precision
from spinepose.predict import arithmetic, normalise
from spinepose.shards import ShardPool, replicate, set_mean_gradients, shard_pool
from spinepose.skeleton import HALPE26_NAMES, SPINE_CHAIN, WEIGHTS, indices
from spinepose.training_log import TrainingLog
from spinepose.warmup import map_loss

# The terms that act on the logits: their gradients there are comparable.
LOGIT_TERMS = ("positional", "distillation", "structure", "smoothness")

Report = Callable[[int, str], None]

logger = logging.getLogger(__name__)

# The auxiliary heatmap head sits on this stage (counted from 0) ...
AUXILIARY_STAGE = 2
# ... and its Gaussian is this wide at an input of 256 rows.
AUXILIARY_SIGMA_PX = 12.0 / 256


@dataclass(frozen=True)
class Task:
    """One training.

    Attributes:
        name: teacher or student.
        samples: Crops to see.
        learning_rate: The highest.
        folder: Where last.pt goes.
        fingerprint: Settings that a resumed run must share.
        seed: Seed of order and augmentation.
        from_scratch: Whether the model starts with random weights.
        own_maps: Whether its last convolution draws what :func:`spinepose.warmup.bumps` draws, or learns to: a model
            of this project. A foreign one keeps the maps it came with.
    """

    name: str
    samples: int
    learning_rate: float
    folder: Path
    fingerprint: dict[str, Any]
    seed: int
    from_scratch: bool
    own_maps: bool = True


class _Part(NamedTuple):
    """Named numbers and the gradients of all parameters from a part of a batch."""

    numbers: dict[str, float]
    gradients: tuple[Tensor | None, ...]


class Trainer:
    """Trains one model; all that is random hangs on the position in the stream, so it resumes exactly."""

    def __init__(
        self,
        task: Task,
        config: TrainConfig,
        model: PoseModel,
        teacher: Teacher | None,
        log: TrainingLog,
        group: Group | None = None,
    ) -> None:
        self.task, self.config, self.teacher, self.log = task, config, teacher, log
        self.group = group or Group()
        self.precision = resolve_precision(config.precision)
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        auxiliary = AuxiliaryHead(model.backbone.channels[AUXILIARY_STAGE], model.num_keypoints)
        initialise(auxiliary, task.seed + 1)
        self.modules = nn.ModuleDict({"model": self.model, "auxiliary": auxiliary})
        self.optimiser = make_optimiser(self.modules, config, task.learning_rate)
        self.average = RunningAverage(self.model)
        self.keypoint_weights = torch.from_numpy(WEIGHTS[: model.num_keypoints]).float()
        self.label_weights = self.keypoint_weights.clone()
        self.label_weights[: len(HALPE26_NAMES)] *= config.body_weight
        self.chain = torch.from_numpy(indices(SPINE_CHAIN))
        self.term_weights = config.loss_weights.model_dump()
        self.step = 0
        self.spent_s = 0.0
        # Where the light augmentation begins; with a time budget that is known only when it is reached.
        self.light_from = None if config.max_minutes else int(task.samples * (1 - config.light_share))
        self.best: dict[str, Any] = {}

    @property
    def samples(self) -> int:
        """Crops seen so far."""
        return self.step * self.config.batch_size * self.group.size

    @property
    def fraction(self) -> float:
        """How much of the training is done, by samples or by time, whichever is further."""
        by_time = self.spent_s / (60 * self.config.max_minutes) if self.config.max_minutes else 0.0
        return max(self.samples / max(self.task.samples, 1), by_time)

    @property
    def reduction(self) -> int:
        """How many times smaller the crops are than the model's input at this step."""
        return 2 if self.task.from_scratch and self.fraction < self.config.small_share else 1

    @property
    def pull(self) -> float:
        """How much of the gradient of the logits' terms goes on into the maps and the backbone, 0..1.

        It rises to 1 as the rate falls: by then the maps hold, and what is left to gain is precision.
        """
        if not self.task.own_maps:
            return 1.0
        return 1.0 - (1.0 - self.config.backbone_pull) * rate_kept(self.fraction, self.config)

    def terms(self, modules: nn.ModuleDict, crops: Crops) -> tuple[dict[str, Tensor], Logits]:
        """The named loss terms of some crops, unweighted, and the logits.

        Args:
            modules: "model" and "auxiliary": the trained ones, or a replica of them.
            crops: What to compute them on.
        """
        count = self.model.num_keypoints
        model = cast(PoseModel, modules["model"])
        with arithmetic(self.precision):
            maps = model.backbone(normalise(crops.images))
            heatmaps = modules["auxiliary"](model.on_grid(maps[AUXILIARY_STAGE], STRIDES[AUXILIARY_STAGE]))
            drawn = model.head.keypoint_maps(model.on_grid(maps[-1], STRIDES[-1]))
            # The same maps, of whose gradient a share goes on.
            x, y = model.head.classify(torch.lerp(drawn.detach(), drawn, self.pull))
        logits = Logits(x.float(), y.float())
        keypoints, labelled = crops.keypoints_px[:, :count], crops.labelled[:, :count]
        weights = labelled * self.label_weights
        target = Logits(*encode(keypoints, self.model.input_size))
        terms = {"positional": positional(logits, target, weights)}
        if self.task.own_maps:
            terms["keypoint_map"] = map_loss(drawn, keypoints, weights, self.model.input_size)
        if self.teacher is not None:
            if self.config.loss_weights.distillation > 0:
                terms["distillation"] = distillation(logits, *self.teacher(crops))
            terms |= spine_terms(logits, keypoints, labelled, crops.box_size_px, self.chain)
        sigma = AUXILIARY_SIGMA_PX * self.model.input_size[1]
        terms["auxiliary"] = heatmap_loss(heatmaps, keypoints, weights, STRIDES[AUXILIARY_STAGE], sigma)
        return terms, logits

    def run(self, train: CropDataset, held_out: PersonImages, report: Report) -> None:
        """Train to the end of the budget.

        Raises:
            StageError: A loss term is not a number.
        """
        loader = self._loader(train)
        evaluated = int(self.fraction * self.config.evaluations)
        saved_at = began = time.monotonic()
        if self.step == 0:
            self.evaluate(held_out)
        with shard_pool(min(self.config.shards, self.config.batch_size)) as pool:
            replicas = replicate(self.modules, pool.count)
            while self.fraction < 1.0:
                if self.light_from is None and self.fraction >= 1 - self.config.light_share:
                    self.light_from = self.samples
                if (train.light_from, train.reduction) != (self.light_from, self.reduction):
                    loader = self._loader(train)
                numbers = self._one_step(next(loader), replicas, pool)
                now = time.monotonic()
                self.spent_s = self._agreed(self.spent_s + now - began)
                began = now
                if numbers:
                    self.log.add(self.task.name, self.step, self.samples, numbers)
                due = int(self.fraction * self.config.evaluations)
                if due > evaluated:
                    evaluated = due
                    self.evaluate(held_out)
                    if self.fraction >= 1.0:
                        self._evaluate_everyone(held_out)
                if time.monotonic() - saved_at > self.config.checkpoint_seconds:
                    self.save()
                    saved_at = time.monotonic()
                report(min(self.samples, self.task.samples), self._words())

    def _loader(self, train: CropDataset) -> Iterator[Crops]:
        """The stream of crops from here on; processes that prepare them get the dataset as it is now."""
        train.light_from, train.reduction = self.light_from, self.reduction
        part = self.group.rank, self.group.size
        return iter(training_loader(train, self.config.batch_size, self.samples, self.config.workers, part))

    def _agreed(self, seconds: float) -> float:
        """Time spent; all processes must see the same where it decides about the schedule."""
        return self.group.largest(seconds) if self.config.max_minutes else seconds

    def _one_step(self, crops: Crops, replicas: list[nn.ModuleDict], pool: ShardPool) -> dict[str, float]:
        """Take a step; returns numbers for the log where they are due."""
        rate = self.task.learning_rate * rate_share(self.fraction, self.config)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        logged = self.step % self.config.log_every == 0
        columns = [column.tensor_split(pool.count) for column in crops]
        batches = [Crops(*columns_of_part) for columns_of_part in zip(*columns, strict=True)]
        parts = pool.map(self._one_part, replicas, batches, [logged] * pool.count)
        for part in parts:
            self._check(part.numbers, rate)
        numbers = {name: float(np.mean([part.numbers[name] for part in parts])) for name in parts[0].numbers}
        parameters = list(self.modules.parameters())
        set_mean_gradients(parameters, [part.gradients for part in parts])
        self.group.average_([parameter.grad for parameter in parameters])
        norm = nn.utils.clip_grad_norm_(parameters, self.config.clip_norm)
        self.optimiser.step(each=pool.map)
        self.step += 1
        steps_in_all = self.step / max(self.fraction, 1e-9)
        self.average.update(self.model, self.config.ema_share * steps_in_all)
        if not logged:
            return {}
        return {
            "learning_rate": rate,
            "grad_norm_weights": float(norm),
            **self.group.average_numbers(numbers),
        }

    def _one_part(self, modules: nn.ModuleDict, crops: Crops, with_norms: bool) -> _Part:
        """Losses and gradients of a part of the batch, on this thread."""
        modules.train()
        terms, logits = self.terms(modules, crops)
        loss = total(terms, self.term_weights)
        numbers = {f"loss_{name}": float(value.detach()) for name, value in terms.items()}
        numbers["loss_total"] = float(loss.detach())
        if not math.isfinite(numbers["loss_total"]):
            return _Part(numbers, ())
        if with_norms:
            on_logits = {name: value for name, value in terms.items() if name in LOGIT_TERMS}
            norms = gradient_norms(on_logits, self.term_weights, logits)
            numbers |= {f"grad_{name}": value for name, value in norms.items()}
        return _Part(numbers, torch.autograd.grad(loss, list(modules.parameters()), allow_unused=True))

    def _check(self, numbers: dict[str, float], rate: float) -> None:
        if math.isfinite(numbers["loss_total"]):
            return
        self.save()  # as it was before this step
        bad = [name for name in self.term_weights if not math.isfinite(numbers.get(f"loss_{name}", 0.0))]
        raise StageError(
            f"training the {self.task.name}: loss term '{(bad or ['total'])[0]}' is not a finite number at step "
            f"{self.step}; lower the learning rate (now {rate:.2g}) or look for broken labels"
        )

    def evaluate(self, held_out: PersonImages) -> None:
        """Measure the averaged weights on some held-out people, always the same; keep them if they are the best yet."""
        if not self.group.is_first:
            return
        numbers = self._measure(self.average.model, held_out, self.config.evaluation_people)
        self.log.add(self.task.name, self.step, self.samples, numbers)
        self.log.write()
        logger.info("%s", self._line(numbers))
        score = rank(numbers)
        # What was best on small crops says nothing about the usual ones.
        known = self.best.get("reduction") == self.reduction
        if not known or score >= tuple(self.best["score"]):
            state = {name: value.clone() for name, value in self.average.model.state_dict().items()}
            self.best = {
                "score": list(score),
                "samples": self.samples,
                "reduction": self.reduction,
                "state": state,
            }

    def _evaluate_everyone(self, held_out: PersonImages) -> None:
        """At the end, measure the weights that stay, the best or the last, on all held-out people."""
        if not self.group.is_first:
            return
        best = self.best["samples"]
        if self.config.keep == "best":
            self._warn_if_unchanged(best)
            self.average.model.load_state_dict(self.best["state"])
        stale = self.config.keep == "best" and best != self.samples
        if stale or len(held_out.people) > self.config.evaluation_people:
            numbers = self._measure(self.average.model, held_out, None)
            self.log.add(self.task.name, self.step, self.samples, numbers)
        self.log.add(self.task.name, self.step, self.samples, {"best_samples": best})
        self.log.write()

    def _warn_if_unchanged(self, best_samples: int) -> None:
        if best_samples == 0 and self.samples > 0:
            logger.warning(
                "training the %s: on the held-out people nothing was better than the weights it started from, and it "
                "ends with those; lower train.learning_rate, or set train.keep=last if the held-out people are of "
                "another kind than those to get better at",
                self.task.name,
            )

    def _measure(self, model: PoseModel, held_out: PersonImages, limit: int | None) -> dict[str, float]:
        return evaluate_crops(
            model, held_out, self.keypoint_weights, limit, self.precision, reduction=self.reduction
        )

    def _line(self, numbers: dict[str, float]) -> str:
        """One line about an evaluation: how far, how good, how long it will take."""
        shown = " ".join(f"{name.removeprefix('val_')} {value:.3f}" for name, value in numbers.items())
        left_s = self.spent_s * (1 - self.fraction) / self.fraction if self.fraction else float("nan")
        eta = f", {left_s / 60:.1f} min left" if math.isfinite(left_s) else ""
        return f"{self.task.name} {self.samples}/{self.task.samples} crops: {shown}{eta}"

    def _words(self) -> str:
        last = next((row for row in reversed(self.log.rows) if "val_loss" in row), {})
        oks = last.get("val_oks_overall", last.get("val_oks_body", float("nan")))
        return f"{self.task.name} held-out OKS {float(oks):.2f}"

    def save(self) -> None:
        """Write last.pt: everything needed to go on exactly from here."""
        if not self.group.is_first:
            return
        save_dict(
            self.task.folder / "last.pt",
            {
                "format": "spineforge-training",
                "schema_version": 1,
                "task": self.task.name,
                "fingerprint": self.task.fingerprint,
                "step": self.step,
                "spent_s": self.spent_s,
                "light_from": self.light_from,
                "modules": self.modules.state_dict(),
                "average": self.average.model.state_dict(),
                "average_updates": self.average.updates,
                "best": self.best,
                "optimiser": self.optimiser.state_dict(),
            },
        )
        self.log.write()

    def resume(self) -> bool:
        """Go on from last.pt if it is of this task; True if so.

        Raises:
            InputError: last.pt is of other settings.
        """
        path = self.task.folder / "last.pt"
        if not path.is_file():
            return False
        state = read_dict(path)
        if state.get("format") != "spineforge-training" or state.get("fingerprint") != self.task.fingerprint:
            raise InputError(
                f"{path}: a training of other settings or labels was cut off here; choose another folder or remove it"
            )
        if state["task"] != self.task.name:
            return False
        self.modules.load_state_dict(state["modules"])
        self.average.model.load_state_dict(state["average"])
        self.average.updates, self.best = state["average_updates"], state["best"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.spent_s = state["step"], state["spent_s"]
        self.light_from = state["light_from"]
        self.log.cut(self.task.name, self.step)
        return True
