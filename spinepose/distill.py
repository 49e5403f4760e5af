"""The teacher: a frozen body expert that owns its normalisation and its weights per keypoint."""

from __future__ import annotations

import torch
from torch import Tensor

from spinepose.errors import InputError
from spinepose.losses import Logits
from spinepose.model.family import IMAGE_MEAN, IMAGE_STD, PoseModel
from spinepose.model.weights import LoadedModel
from spinepose.predict import arithmetic, normalise
from spinepose.skeleton import HALPE26_NAMES

# Where a foreign Halpe model puts another point than we do: its neck lies between the shoulders, its hip between the
# hips, both in front of C7 and of the sacrum, and its head top follows another definition.
AXIS_NAMES = ("head", "neck", "hip")


class Teacher:
    """A frozen model of Halpe's 26 keypoints.

    Attributes:
        keypoint_weights: How far each of its keypoints is to be believed, shape (26,).
    """

    def __init__(
        self,
        loaded: LoadedModel,
        foreign_axis_weight: float,
        precision: str = "bf16",
        mean: tuple[float, ...] = IMAGE_MEAN,
        std: tuple[float, ...] = IMAGE_STD,
    ) -> None:
        if loaded.names[: len(HALPE26_NAMES)] != HALPE26_NAMES:
            raise InputError("teacher: its first 26 keypoints are not Halpe's; give a body model of Halpe26")
        self.model: PoseModel = loaded.model.eval().requires_grad_(False)
        self.precision = precision
        self._mean, self._std = mean, std
        weights = torch.ones(len(HALPE26_NAMES))
        if not loaded.own_labels:
            weights[[HALPE26_NAMES.index(name) for name in AXIS_NAMES]] = foreign_axis_weight
        self.keypoint_weights = weights

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Logits:
        """Logits of the 26 keypoints for RGB uint8 crops, shape (B, 3, H, W)."""
        with arithmetic(self.precision):
            x, y = self.model(normalise(images, self._mean, self._std))
        known = len(HALPE26_NAMES)
        return Logits(x[:, :known].float(), y[:, :known].float())
