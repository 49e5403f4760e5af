"""Changes that follow the person in a crop."""

import numpy as np

from spinepose.augment_person import FACE, LIMBS, anonymise_rand, pixelate, smear_limb, smear_limb_rand
from spinepose.rng import rng_for


def _face(visibility: int) -> np.ndarray:
    keypoints = np.zeros((37, 3))
    keypoints[FACE] = np.column_stack(
        [[40, 44, 36, 48, 32], [30, 26, 26, 28, 28], np.full(5, visibility)]
    )  # image pixels
    return keypoints


def test_a_face_in_sight_becomes_cells_and_all_else_stays():
    image = rng_for(3).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    given = image.copy()
    for i in range(20):
        hidden = anonymise_rand(rng_for(4, i), image, _face(2), np.eye(2, 3))
        rows, columns = np.nonzero((hidden != image).any(axis=2))
        # The face is 16 pixels wide, its middle at (40, 27.6).
        assert abs(columns - 40).max() <= 18
        assert abs(rows - 27.6).max() <= 18
        assert len(rows) > 150
        smaller = anonymise_rand(rng_for(4, i), image[:32, :40], _face(2), np.eye(2, 3) / 2)
        assert (smaller[:, :10] == image[:32, :10]).all()
    assert (image == given).all()


def test_the_back_of_a_head_and_a_face_outside_the_crop_stay():
    image = rng_for(3).integers(0, 255, (64, 80, 3)).astype(np.uint8)
    assert (anonymise_rand(rng_for(0), image, _face(1), np.eye(2, 3)) == image).all()
    outside = np.array([[1.0, 0.0, 200.0], [0.0, 1.0, 0.0]])
    assert (anonymise_rand(rng_for(0), image, _face(2), outside) == image).all()


def test_pixelate_by_hand():
    image = np.arange(0, 32, 2, dtype=np.uint8).reshape(4, 4, 1).repeat(3, axis=2)
    found = pixelate(image, np.array([0, 0]), np.array([4, 2]), 2)
    np.testing.assert_array_equal(found[:2, :, 0], [[1, 1, 5, 5], [9, 9, 13, 13]])
    assert (found[2:] == image[2:]).all()


def _arm(image: np.ndarray, visibility: int) -> np.ndarray:
    """Draw a level right forearm of 30 pixels and give all limbs' joints that place."""
    image[38:43, 20:51] = (200, 150, 130)
    keypoints = np.zeros((37, 3))
    for limb in LIMBS:
        keypoints[limb] = np.column_stack(
            [np.linspace(20, 50, len(limb)), [40] * len(limb), [visibility] * len(limb)]
        )
    return keypoints


def test_a_limb_that_turns_fades_towards_its_end_and_is_sharp_where_it_turns():
    image = np.full((80, 80, 3), 60, np.uint8)
    joints = _arm(image, 2)[LIMBS[2], :2]  # elbow and wrist
    given = image.copy()
    smeared = smear_limb(image, joints, 20.0)
    assert (image == given).all()
    column = [np.ptp(smeared[36:45, x].astype(int), axis=0)[0] for x in (24, 36, 48)]
    red = smeared[40, [24, 36, 48], 0].astype(int)
    assert red[0] > 190 > red[1] > red[2] > 80
    # The end sweeps 30 px * 20 degrees = 10 px, 5 to either side; the limb alone is 5 px wide.
    rows = np.nonzero(smeared[:, 48, 0] > 62)[0]
    assert 32 <= rows.min() <= 36
    assert 44 <= rows.max() <= 48
    assert abs((rows.min() + rows.max()) / 2 - 40) <= 1  # the label is in the middle of the blur
    assert column[0] > 0
    far = np.ones(image.shape[:2], bool)
    far[20:61, 8:75] = False
    assert (smeared[far] == image[far]).all()


def test_a_hidden_limb_and_one_too_small_stay():
    image = rng_for(3).integers(0, 255, (80, 80, 3)).astype(np.uint8)
    keypoints = _arm(image, 1)
    assert all(
        (smear_limb_rand(rng_for(i), image, keypoints, np.eye(2, 3)) == image).all() for i in range(10)
    )
    seen = _arm(image, 2)
    assert all((smear_limb_rand(rng_for(i), image, seen, np.eye(2, 3)) != image).any() for i in range(10))
    tiny = np.array([[0.05, 0.0, 30.0], [0.0, 0.05, 30.0]])
    assert (smear_limb_rand(rng_for(0), image, seen, tiny) == image).all()
