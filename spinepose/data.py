"""People of a COCO file as crops: reading, caching, augmenting, and an order that can be resumed anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from spinepose.augment import (
    CropGeometry,
    apply_affine,
    box_geometry,
    compose_affine,
    crop_matrix,
    geometry_rand,
    invert_affine,
    photometric_rand,
    warp,
)
from spinepose.augment_person import anonymise_rand, smear_limb_rand
from spinepose.coco import CocoDataset
from spinepose.config import AugmentConfig
from spinepose.errors import InputError
from spinepose.rng import rng_for
from spinepose.skeleton import FLIP

# A cached person keeps this much around the plain crop, enough for the usual shift, scale and turn ...
CACHE_MARGIN = 1.5
# ... at this many times the input's resolution, so that zooming in stays sharp.
CACHE_RESOLUTION = 1.3


@dataclass(frozen=True)
class Person:
    """One labelled person.

    Attributes:
        annotation_id: Id in the COCO file.
        image_id: Id of the image in the COCO file.
        image_path: The image file.
        box_xywh: Image pixels, shape (4,).
        keypoints: Image pixels and visibility, shape (37, 3).
        area: Square image pixels.
    """

    annotation_id: int
    image_id: int
    image_path: Path
    box_xywh: np.ndarray
    keypoints: np.ndarray
    area: float


class Crops(NamedTuple):
    """A batch of crops.

    Attributes:
        images: RGB, uint8, shape (B, 3, H, W).
        keypoints_px: Input pixels, shape (B, 37, 2), float32.
        labelled: True where labelled and inside the crop, shape (B, 37).
        box_size_px: Square root of the box area in input pixels, shape (B,).
        to_image: Affine maps from input pixels to image pixels, shape (B, 2, 3), float64.
        person: Which person, shape (B,).
    """

    images: Tensor
    keypoints_px: Tensor
    labelled: Tensor
    box_size_px: Tensor
    to_image: Tensor
    person: Tensor


def list_people(dataset: CocoDataset, images_root: Path | str) -> list[Person]:
    """All people with at least one label and a box, with their image files.

    Raises:
        InputError: An image file is missing, or nobody is labelled.
    """
    root = Path(images_root)
    images = dataset.image_by_id
    for image in dataset.images:
        if not (root / image.file_name).is_file():
            raise InputError(f"{root / image.file_name}: image named by the labels is missing")
    people = [
        Person(a.id, a.image_id, root / images[a.image_id].file_name, a.box_xywh, a.keypoints, a.area)
        for a in dataset.annotations
        if a.labelled.any() and not a.iscrowd and (a.box_xywh[2:] > 0).all()
    ]
    if not people:
        raise InputError(f"no labelled person in the COCO file for {root}")
    return people


def read_rgb(path: Path) -> np.ndarray:
    """Read an image as RGB, uint8, shape (H, W, 3).

    Raises:
        InputError: The file is missing or no image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path}: cannot be read as an image")
    return np.ascontiguousarray(image[..., ::-1])


class PersonImages:
    """The picture around each person, kept from its first use on where memory allows.

    With memory to keep them (``cache_mb`` over 0), pictures are cut and reduced whether they are kept or not: crops do
    not depend on how many fit. Without it they come out of the whole image.
    """

    def __init__(self, people: Sequence[Person], input_size: tuple[int, int], cache_mb: int = 0) -> None:
        self.people = people
        self.input_size = input_size
        self._budget_bytes = cache_mb * 1_000_000
        self._used_bytes = 0
        self._kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def get(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """A picture of the person and the affine map from its image's pixels to that picture's."""
        if index in self._kept:
            return self._kept[index]
        person = self.people[index]
        image = read_rgb(person.image_path)
        if not self._budget_bytes:
            return image, np.eye(2, 3)
        entry = self._cut(image, person.box_xywh)
        if self._used_bytes + entry[0].nbytes <= self._budget_bytes:
            self._used_bytes += entry[0].nbytes
            self._kept[index] = entry
        return entry

    def _cut(self, image: np.ndarray, box_xywh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        plain = box_geometry(box_xywh, self.input_size)
        half = CACHE_MARGIN * float(plain.size_px.max()) / 2
        low = np.maximum(np.floor(plain.centre_px - half), 0).astype(int)
        high = np.minimum(np.ceil(plain.centre_px + half) + 1, image.shape[1::-1]).astype(int)
        high = np.maximum(high, low + 1)
        scale = min(1.0, CACHE_RESOLUTION * self.input_size[0] / float(plain.size_px[0]))
        size = np.maximum(np.round((high - low) * scale), 1).astype(int)
        ratio = size / (high - low)
        # cv2.resize keeps the outer edges of the picture: centres move by half a pixel times the change of scale.
        offset = ratio * (0.5 - low) - 0.5
        matrix = np.column_stack([np.diag(ratio), offset])
        part = image[low[1] : high[1], low[0] : high[0]]
        if scale < 1.0:
            part = cv2.resize(part, tuple(int(n) for n in size), interpolation=cv2.INTER_AREA)
        # A view would keep the whole image in memory.
        return part.copy(), matrix


def cut_crop(
    image: np.ndarray,
    to_picture: np.ndarray,
    geometry: CropGeometry,
    input_size: tuple[int, int],
    reduction: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a crop out of a person's picture.

    Args:
        image: The picture, RGB uint8.
        to_picture: Affine map from image pixels to the picture's pixels, shape (2, 3).
        geometry: Where the crop lies, in image pixels.
        input_size: Its width and height in input pixels.
        reduction: How many input pixels a pixel of the crop covers each way.

    Returns:
        The crop, shape (H / reduction, W / reduction, 3), and the affine map from image pixels to input pixels,
        shape (2, 3).
    """
    matrix = crop_matrix(geometry, input_size)
    # The centre of crop pixel i lies in the middle of the input pixels that it covers.
    shrink = np.array([[1.0, 0.0, (1 - reduction) / 2], [0.0, 1.0, (1 - reduction) / 2]]) / reduction
    to_crop = compose_affine(shrink, compose_affine(matrix, invert_affine(to_picture)))
    size = (input_size[0] // reduction, input_size[1] // reduction)
    return warp(image, to_crop, size), matrix


class CropDataset(Dataset):
    """Crops by (person, position in the stream); the position seeds what is random about a crop.

    Without ``augment`` the crop is the plain one and the position is ignored.
    """

    def __init__(
        self,
        images: PersonImages,
        augment: AugmentConfig | None = None,
        seed: int = 0,
        light_from: int | None = None,
        reduction: int = 1,
    ) -> None:
        self.images = images
        self.augment = augment
        self.seed = seed
        self.light_from = light_from
        # Crops are this many times smaller; their labels stay in pixels of the usual input.
        self.reduction = reduction

    def __len__(self) -> int:
        return len(self.images.people)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[np.ndarray, ...]:
        index, position = key if isinstance(key, tuple) else (key, 0)
        person = self.images.people[index]
        input_size = self.images.input_size
        geometry = box_geometry(person.box_xywh, input_size)
        light = self.light_from is not None and position >= self.light_from
        rng = rng_for(self.seed, "augment", position)
        if self.augment is not None:
            geometry = geometry_rand(rng, person.box_xywh, person.keypoints, input_size, self.augment, light)
        crop, matrix = cut_crop(*self.images.get(index), geometry, input_size, self.reduction)
        if self.augment is not None:
            crop = self._changed(rng, crop, person, matrix / self.reduction, light)
        keypoints, labelled = crop_labels(person.keypoints, matrix, input_size, geometry.flip)
        box_size = np.sqrt(person.box_xywh[2:].prod()) * input_size[0] / geometry.size_px[0]
        scalars = np.array(box_size, np.float32), invert_affine(matrix), np.array(index)
        return (crop, keypoints, labelled, *scalars)

    def _changed(
        self, rng: np.random.Generator, crop: np.ndarray, person: Person, matrix: np.ndarray, light: bool
    ) -> np.ndarray:
        """In the order of a recording: a limb moves, the sensor sees, an editor hides the face."""
        assert self.augment is not None
        if rng.random() < self.augment.limb_motion:
            crop = smear_limb_rand(rng, crop, person.keypoints, matrix)
        crop = photometric_rand(rng, crop, self.augment, light)
        if rng.random() < self.augment.anonymous:
            crop = anonymise_rand(rng, crop, person.keypoints, matrix)
        return crop


def crop_labels(
    keypoints: np.ndarray, matrix: np.ndarray, input_size: tuple[int, int], flip: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Labels in the crop.

    Args:
        keypoints: Image pixels and visibility, shape (37, 3).
        matrix: Image pixels to input pixels, shape (2, 3), the flip included.
        input_size: Width and height of the input.
        flip: Whether left and right change their names.

    Returns:
        Input pixels, shape (37, 2) float32, and which are labelled and inside the crop, shape (37,) bool.
    """
    if flip:
        keypoints = keypoints[FLIP]
    points = apply_affine(matrix, keypoints[:, :2])
    inside = ((points >= 0) & (points <= np.array(input_size) - 1)).all(axis=1)
    labelled = (keypoints[:, 2] > 0) & inside
    return np.where(labelled[:, None], points, 0.0).astype(np.float32), labelled


def collate(items: Sequence[tuple[np.ndarray, ...]]) -> Crops:
    """Stack crops into a batch."""
    images, *rest = (np.stack(column) for column in zip(*items, strict=True))
    return Crops(torch.from_numpy(images).permute(0, 3, 1, 2), *(torch.from_numpy(column) for column in rest))


class ResumableOrder(Sampler[list[tuple[int, int]]]):
    """Endless batches of (person, position): a new shuffle each round, and the same from any position on.

    Several processes share one stream: each batch of all of them together is cut into their parts in order.
    """

    def __init__(
        self, num_people: int, batch_size: int, seed: int, start: int = 0, part: tuple[int, int] = (0, 1)
    ) -> None:
        """Describe the stream.

        Args:
            num_people: Number of people.
            batch_size: Crops of a batch of this process.
            seed: Seed of the order.
            start: Position of the first crop, over all processes.
            part: Which process this is, and of how many.
        """
        self.num_people = num_people
        self.batch_size = batch_size
        self.seed = seed
        self.start = start
        self.rank, self.processes = part

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        position = self.start + self.rank * self.batch_size
        round_number, order = -1, np.empty(0, dtype=int)
        while True:
            batch = []
            for _ in range(self.batch_size):
                if position // self.num_people != round_number:
                    round_number = position // self.num_people
                    order = rng_for(self.seed, "order", round_number).permutation(self.num_people)
                batch.append((int(order[position % self.num_people]), position))
                position += 1
            yield batch
            position += (self.processes - 1) * self.batch_size


def training_loader(
    dataset: CropDataset, batch_size: int, start: int = 0, workers: int = 0, part: tuple[int, int] = (0, 1)
) -> DataLoader:
    """Batches for training without end, from any position of the stream on; arguments as of :class:`ResumableOrder`."""
    order = ResumableOrder(len(dataset), batch_size, dataset.seed, start, part)
    if workers:
        # A process that is forked while OpenCV has threads waits for them for ever; crops are too small to share.
        cv2.setNumThreads(0)
    return DataLoader(
        dataset,
        batch_sampler=order,
        num_workers=workers,
        collate_fn=collate,
    )


def evaluation_batches(dataset: CropDataset, batch_size: int, limit: int | None = None) -> Iterator[Crops]:
    """Plain crops in order; with a limit, people spread evenly over the set."""
    count = len(dataset)
    chosen = (
        np.arange(count) if limit is None or limit >= count else np.linspace(0, count - 1, limit).astype(int)
    )
    for start in range(0, len(chosen), batch_size):
        yield collate([dataset[int(i)] for i in chosen[start : start + batch_size]])
