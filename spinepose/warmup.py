"""Teach the head to read keypoint maps before the first picture is seen.

From scratch the SimCC head is the bottleneck: until it can read a position out of the coarse map that the last
convolution draws for each keypoint, hardly any spatial gradient reaches the backbone, and the model sits on the mean
pose. Reading a map needs no picture. So the head, which is shared by all keypoints, first learns it on drawn maps: a
bump where a keypoint of a training pose lies, plus noise. This takes seconds and moves the take-off forward.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from spinepose.augment import crop_matrix, geometry_rand
from spinepose.config import AugmentConfig
from spinepose.data import Person, crop_labels
from spinepose.losses import Logits, positional
from spinepose.model.family import PoseModel
from spinepose.model.rtmcc import STRIDE
from spinepose.model.simcc import encode
from spinepose.rng import rng_for

# Width of the drawn bump in input pixels: three quarters of a cell, so that neighbours tell where inside a cell it is.
BUMP_SIGMA_PX = 0.75 * STRIDE
NOISE = 0.2
BATCH = 32
LEARNING_RATE = 2e-3


def bumps(keypoints_px: Tensor, labelled: Tensor, input_size: tuple[int, int]) -> Tensor:
    """The map that the last convolution should draw: a Gaussian bump of height 1, nothing where not labelled.

    Args:
        keypoints_px: Input pixels, shape (B, K, 2).
        labelled: Shape (B, K).
        input_size: Width and height of the input, pixels.

    Returns:
        Shape (B, K, H / 32, W / 32).
    """
    columns, rows = ((torch.arange(side // STRIDE) + 0.5) * STRIDE - 0.5 for side in input_size)
    across = torch.exp(-((columns - keypoints_px[..., :1]) ** 2) / (2 * BUMP_SIGMA_PX**2))
    down = torch.exp(-((rows - keypoints_px[..., 1:]) ** 2) / (2 * BUMP_SIGMA_PX**2))
    return down[..., :, None] * across[..., None, :] * labelled[..., None, None]


def map_loss(maps: Tensor, keypoints_px: Tensor, weights: Tensor, input_size: tuple[int, int]) -> Tensor:
    """One minus the cosine between the last convolution's maps and the drawn bumps, averaged over what is labelled.

    The head divides a map by its own size, so only its direction counts, and the cosine is what measures that.

    Args:
        maps: Shape (B, K, H / 32, W / 32).
        keypoints_px: Input pixels, shape (B, K, 2).
        weights: Shape (B, K), 0 where not labelled.
        input_size: Width and height of the input, pixels.
    """
    target = bumps(keypoints_px, weights > 0, input_size)
    cosine = nn.functional.cosine_similarity(maps.float().flatten(2), target.flatten(2), dim=-1, eps=1e-4)
    return ((1 - cosine) * weights).sum() / weights.sum().clamp(min=1e-9)


def teach_head(
    model: PoseModel, people: Sequence[Person], augment: AugmentConfig, steps: int, seed: int
) -> None:
    """Train everything of the head but its last convolution on drawn maps, in place.

    Args:
        model: Its head learns.
        people: Whose poses are drawn.
        augment: Where crops may lie.
        steps: Steps of 32 poses.
        seed: Seed of poses and noise.
    """
    parameters = [p for name, p in model.head.named_parameters() if not name.startswith("final_layer")]
    optimiser = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0)
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1.0, (step + 1) / 20) * (1 - step / steps) ** 0.5
        poses = [_pose_rand(people, augment, model, seed, step * BATCH + i) for i in range(BATCH)]
        keypoints, labelled = (torch.from_numpy(np.stack(column)) for column in zip(*poses, strict=True))
        maps = bumps(keypoints, labelled, model.input_size)
        noise = torch.randn(maps.shape, generator=generator) * torch.rand(BATCH, 1, 1, 1, generator=generator)
        logits = Logits(*model.head.classify(maps + NOISE * noise))
        loss = positional(logits, Logits(*encode(keypoints, model.input_size)), labelled.float())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 35.0)
        optimiser.step()


def _pose_rand(
    people: Sequence[Person], augment: AugmentConfig, model: PoseModel, seed: int, number: int
) -> tuple[np.ndarray, np.ndarray]:
    rng = rng_for(seed, "head", number)
    person = people[int(rng.integers(len(people)))]
    geometry = geometry_rand(rng, person.box_xywh, person.keypoints, model.input_size, augment)
    matrix = crop_matrix(geometry, model.input_size)
    points, labelled = crop_labels(person.keypoints, matrix, model.input_size, geometry.flip)
    return points[: model.num_keypoints], labelled[: model.num_keypoints]
