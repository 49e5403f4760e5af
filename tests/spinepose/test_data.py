from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from spinepose.augment import (
    CropGeometry,
    apply_affine,
    box_geometry,
    colour,
    compose_affine,
    crop_matrix,
    geometry_rand,
    half_body_rand,
    invert_affine,
    photometric_rand,
    warp,
)
from spinepose.coco import load_coco
from spinepose.config import AugmentConfig
from spinepose.data import (
    CropDataset,
    PersonImages,
    ResumableOrder,
    crop_labels,
    cut_crop,
    list_people,
    training_loader,
)
from spinepose.errors import InputError
from spinepose.rng import rng_for
from spinepose.skeleton import INDEX

SIZE = (96, 128)


def _people(root: Path):
    return list_people(load_coco(root / "annotations" / "person_keypoints_train-synth.json"), root / "images")


def test_plain_crop_by_hand():
    # A box of 60 x 80 widened by 1.25 is 75 x 100, just the input's 3:4, so one image pixel is 1.28 input pixels.
    geometry = box_geometry(np.array([100, 200, 60, 80]), SIZE)
    np.testing.assert_allclose(geometry.size_px, [75, 100])
    matrix = crop_matrix(geometry, SIZE)
    np.testing.assert_allclose(
        apply_affine(matrix, np.array([[130.0, 240.0], [140.0, 240.0]])), [[48, 64], [60.8, 64]]
    )


def test_rotation_turns_the_picture_clockwise_and_flip_mirrors_it():
    quarter = CropGeometry(np.array([50.0, 50.0]), np.array([96.0, 128.0]), np.pi / 2)
    np.testing.assert_allclose(
        apply_affine(crop_matrix(quarter, SIZE), np.array([50.0, 40.0])), [58, 64], atol=1e-9
    )
    plain = quarter._replace(rotation_rad=0.3)
    x, y = apply_affine(crop_matrix(plain, SIZE), np.array([61.0, 44.0]))
    mirrored = apply_affine(crop_matrix(plain._replace(flip=True), SIZE), np.array([61.0, 44.0]))
    np.testing.assert_allclose(mirrored, [95 - x, y])


def test_affine_inverse_and_composition():
    matrix = crop_matrix(CropGeometry(np.array([31.0, 7.0]), np.array([50.0, 66.7]), 0.7, True), SIZE)
    np.testing.assert_allclose(compose_affine(matrix, invert_affine(matrix)), np.eye(2, 3), atol=1e-9)


@pytest.mark.parametrize("shrink", [1.0, 3.0, 7.0])
def test_a_painted_dot_lands_where_its_label_does(shrink: float):
    image = np.zeros((900, 900, 3), np.uint8)
    dot = np.array([431.0, 517.0])
    cv2.circle(image, (431, 517), int(3 * shrink), (255, 255, 255), -1)
    geometry = CropGeometry(np.array([440.0, 500.0]), np.array(SIZE) * shrink, 0.4, True)
    matrix = crop_matrix(geometry, SIZE)
    crop = warp(image, matrix, SIZE)[..., 0].astype(float)
    rows, columns = np.indices(crop.shape)
    centre = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    assert np.abs(centre - apply_affine(matrix, dot)).max() < 0.15


def test_cached_pictures_give_the_same_crops(sketch_root: Path):
    people = _people(sketch_root)
    plain, cached = PersonImages(people, SIZE), PersonImages(people, SIZE, cache_mb=100)
    geometry = box_geometry(people[3].box_xywh, SIZE)._replace(rotation_rad=0.2)
    first, _ = cut_crop(*plain.get(3), geometry, SIZE)
    second, _ = cut_crop(*cached.get(3), geometry, SIZE)
    shift, _ = cv2.phaseCorrelate(*(np.float64(c[..., 1]) for c in (first, second)))
    assert np.abs(shift).max() < 0.1
    assert np.abs(first.astype(float) - second).mean() < 6


def test_crops_do_not_depend_on_how_many_pictures_fit_into_memory(sketch_root: Path):
    people = _people(sketch_root)
    roomy, tight = PersonImages(people, SIZE, cache_mb=100), PersonImages(people, SIZE, cache_mb=1)
    for _ in range(2):  # read, then remembered or read again
        for index in range(len(people)):
            for one, other in zip(roomy.get(index), tight.get(index), strict=True):
                np.testing.assert_array_equal(one, other)
    assert all(roomy.get(i) is roomy.get(i) for i in range(len(people)))
    remembered = sum(tight.get(i) is tight.get(i) for i in range(len(people)))
    assert 0 < remembered < len(people)


def test_flipped_labels_change_their_names():
    keypoints = np.zeros((37, 3))
    keypoints[INDEX["left_wrist"]] = [10, 20, 2]
    keypoints[INDEX["hip"]] = [40, 50, 1]
    matrix = crop_matrix(CropGeometry(np.array([48.0, 64.0]), np.array([96.0, 128.0]), 0.0, True), SIZE)
    points, labelled = crop_labels(keypoints, matrix, SIZE, flip=True)
    assert set(np.flatnonzero(labelled)) == {INDEX["right_wrist"], INDEX["hip"]}
    np.testing.assert_allclose(points[INDEX["right_wrist"]], [85, 20])
    np.testing.assert_allclose(points[INDEX["hip"]], [55, 50])


def test_labels_outside_the_crop_do_not_count():
    keypoints = np.tile([-3.0, 20.0, 2.0], (37, 1))
    _, labelled = crop_labels(keypoints, np.eye(2, 3), SIZE, flip=False)
    assert not labelled.any()


def test_order_is_a_shuffle_each_round_and_resumes_anywhere():
    whole = [pair for batch in islice(ResumableOrder(10, 4, seed=0), 10) for pair in batch]
    assert [position for _, position in whole] == list(range(40))
    rounds = [sorted(i for i, _ in whole[k : k + 10]) for k in (0, 10, 20, 30)]
    assert rounds == [list(range(10))] * 4
    assert [i for i, _ in whole[:10]] != [i for i, _ in whole[10:20]]
    resumed = [pair for batch in islice(ResumableOrder(10, 4, seed=0, start=24), 4) for pair in batch]
    assert resumed == whole[24:]
    assert resumed != [pair for batch in islice(ResumableOrder(10, 4, seed=1, start=24), 4) for pair in batch]


@pytest.mark.parametrize("workers", [0, 1])
def test_crops_hang_on_seed_and_position_only(sketch_root: Path, workers: int):
    images = PersonImages(_people(sketch_root), SIZE, 100)
    dataset = CropDataset(images, AugmentConfig(), seed=5)
    straight = list(islice(training_loader(dataset, 4), 3))
    resumed = next(iter(training_loader(dataset, 4, start=8, workers=workers)))
    assert all(torch.equal(a, b) for a, b in zip(straight[2], resumed, strict=True))
    other = next(iter(training_loader(CropDataset(images, AugmentConfig(), seed=6), 4)))
    assert not torch.equal(straight[0].images, other.images)


def test_augmented_labels_stay_on_the_person(sketch_root: Path):
    """The picture under a label must be the same before and after: compare a patch's colour on the trunk."""
    images = PersonImages(_people(sketch_root), SIZE, 100)
    quiet = AugmentConfig(
        photometric=0, noise=0, blur=0, compression=0, dropout=0, anonymous=0, limb_motion=0, half_body=0
    )
    plain, moved = CropDataset(images), CropDataset(images, quiet, seed=1)
    row, differences = INDEX["spine_03"], []
    for index in range(24):
        colours = []
        for crop, points, labelled, *_ in (plain[index], moved[(index, index)]):
            if labelled[row]:
                x, y = np.round(points[row]).astype(int)
                colours.append(crop[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].mean(axis=(0, 1)))
        if len(colours) == 2:
            differences.append(np.abs(colours[0] - colours[1]).mean())
    assert len(differences) > 15
    assert np.median(differences) < 12


def test_small_crops_show_what_the_usual_ones_show_and_keep_their_labels(sketch_root: Path):
    images = PersonImages(_people(sketch_root), SIZE, 100)
    quiet = AugmentConfig(
        photometric=0, noise=0, blur=0, compression=0, dropout=0, anonymous=0, limb_motion=0
    )
    usual, small = (CropDataset(images, quiet, seed=1, reduction=reduction) for reduction in (1, 2))
    for index in range(6):
        crop, *labels = usual[(index, index)]
        reduced, *small_labels = small[(index, index)]
        for one, other in zip(labels, small_labels, strict=True):
            np.testing.assert_array_equal(one, other)
        halved = cv2.resize(crop, (SIZE[0] // 2, SIZE[1] // 2), interpolation=cv2.INTER_AREA)
        inner = (slice(2, -2), slice(2, -2))
        assert np.abs(halved[inner].astype(float) - reduced[inner]).mean() < 3


def test_colour_by_hand():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0] = [[100, 50, 0], [60, 60, 60]]
    got = colour(image, brightness=10, contrast=0.5, saturation=0.0, gains=np.ones(3))
    # Greys 50 and 60 about their mean 55, halved: 52.5 and 57.5, plus 10.
    np.testing.assert_allclose(got[0], [[62.5] * 3, [67.5] * 3], atol=0.51)
    red = colour(image, brightness=0, contrast=1, saturation=1, gains=np.array([2.0, 1, 1]))
    np.testing.assert_array_equal(red[0], [[200, 50, 0], [120, 60, 60]])


def test_half_body_needs_enough_labels():
    keypoints = np.zeros((37, 3))
    keypoints[:4, 2] = 2
    assert half_body_rand(rng_for(0), keypoints, SIZE) is None


def test_light_augmentation_does_not_shift():
    keypoints = np.zeros((37, 3))
    config = AugmentConfig(shift_probability=1, half_body=0)
    centres = [
        geometry_rand(rng_for(0, i), np.array([0, 0, 60, 80]), keypoints, SIZE, config, light=True).centre_px
        for i in range(20)
    ]
    np.testing.assert_allclose(centres, np.tile([30.0, 40.0], (20, 1)))


def test_photometric_changes_values_but_not_the_given_picture():
    image = np.full((16, 12, 3), 120, np.uint8)
    config = AugmentConfig(photometric=1.0)
    changed = [photometric_rand(rng_for(0, i), image, config) for i in range(10)]
    assert all(c.shape == image.shape and c.dtype == np.uint8 for c in changed)
    assert (image == 120).all()
    assert sum((c != image).any() for c in changed) >= 8


def test_a_missing_image_is_named(sketch_root: Path, tmp_path: Path):
    labels = load_coco(sketch_root / "annotations" / "person_keypoints_val-synth.json")
    with pytest.raises(InputError, match=r"val-synth/00000\.jpg: image named by the labels is missing"):
        list_people(labels, tmp_path)


AFTER_THREADS = """
import sys
import cv2
import numpy as np
from spinepose.coco import load_coco
from spinepose.config import AugmentConfig
from spinepose.data import CropDataset, PersonImages, list_people, training_loader

root = sys.argv[1]
people = list_people(load_coco(f"{root}/annotations/person_keypoints_train-synth.json"), f"{root}/images")
cv2.setNumThreads(2)
cv2.GaussianBlur(np.zeros((4000, 4000, 3), np.uint8), (0, 0), 3)  # OpenCV starts its threads
dataset = CropDataset(PersonImages(people, (96, 128), 100), AugmentConfig(), 0)
print(len(next(iter(training_loader(dataset, 4, workers=1))).images))
"""


def test_loading_processes_do_not_wait_for_threads_of_opencv(sketch_root: Path):
    done = subprocess.run(
        [sys.executable, "-c", AFTER_THREADS, str(sketch_root)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "4"
