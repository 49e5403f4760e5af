from __future__ import annotations

import numpy as np
import pytest
from sketches import pose_rand

from spinepose.boxes import drop_overlapping, overlap
from spinepose.rng import rng_for
from spinepose.skeleton import NUM_KEYPOINTS
from spinepose.smooth import OneEuro, PointSmoother, blend
from spinepose.track import KEEP_S, Tracker, drop_doubles

SURE = np.ones(NUM_KEYPOINTS)


def _person(seed: int, left: float, top: float = 100.0) -> np.ndarray:
    """A drawn person of about 200 px, shape (37, 2)."""
    points = pose_rand(rng_for(seed, "pose"))
    pixels = np.stack([points[:, 1], -points[:, 2]], axis=1) * 110
    return pixels - pixels.min(axis=0) + (left, top)


def test_identities_follow_people_not_the_list():
    tracker = Tracker()
    ids, _ = tracker.update(np.stack([_person(1, 50), _person(2, 400)]), np.stack([SURE, SURE]), 0.0)
    assert ids.tolist() == [0, 1]
    ids, _ = tracker.update(np.stack([_person(2, 404), _person(1, 53)]), np.stack([SURE, SURE]), 0.04)
    assert ids.tolist() == [1, 0]
    ids, _ = tracker.update(_person(2, 408)[None], SURE[None], 0.08)
    assert ids.tolist() == [1]


def test_people_who_cross_keep_their_identities():
    tracker = Tracker()
    walkers, swaps, expected = (_person(1, 0), _person(2, 0)), 0, {}
    for frame in range(60):
        left, right = walkers[0] + (10 * frame, 0), walkers[1] + (590 - 10 * frame, 40)
        order = (0, 1) if frame % 2 else (1, 0)
        poses = np.stack([left, right])[list(order)]
        ids, _ = tracker.update(poses, np.stack([SURE, SURE]), frame / 30)
        if frame == 0:
            expected = {order[k]: int(ids[k]) for k in range(2)}
        swaps += any(expected[order[k]] != ids[k] for k in range(2))
    assert swaps == 0
    assert tracker._next == 2


def test_who_comes_back_late_is_new_and_who_comes_back_soon_is_not():
    tracker = Tracker()
    tracker.update(_person(1, 50)[None], SURE[None], 0.0)
    nobody = np.zeros((0, 37, 2)), np.zeros((0, 37))
    ids, _ = tracker.update(*nobody, 0.2)
    assert len(ids) == 0
    ids, _ = tracker.update(_person(1, 52)[None], SURE[None], 0.5)
    assert ids.tolist() == [0]
    ids, _ = tracker.update(_person(1, 52)[None], SURE[None], 0.6 + KEEP_S)
    assert ids.tolist() == [1]
    ids, _ = tracker.update(_person(3, 500)[None], SURE[None], 0.7 + KEEP_S)  # far away: someone else
    assert ids.tolist() == [2]


def test_boxes_are_expected_where_people_go():
    tracker = Tracker()
    for frame in range(4):
        tracker.update((_person(1, 50) + np.array([8.0 * frame, 0]))[None], SURE[None], frame / 10)
    last = _person(1, 50) + np.array([24.0, 0])
    box = tracker.expected_boxes(0.4)[0]
    assert 4 < box[0] - last[:, 0].min() <= 8.01
    np.testing.assert_allclose(box[2:], np.ptp(last, axis=0), atol=1e-6)
    assert tracker.expected_boxes(0.4 + KEEP_S).shape == (0, 4)


def test_one_person_found_twice_is_one():
    poses = np.stack([_person(1, 50), _person(1, 52), _person(2, 60)])
    scores = np.stack([SURE * 0.8, SURE * 0.9, SURE * 0.7])
    assert drop_doubles(poses, scores, np.array([0.8, 0.9, 0.7])).tolist() == [1, 2]


def test_smoothing_follows_the_person_through_a_changed_list():
    tracker = Tracker(OneEuro())
    first, second = _person(1, 50), _person(2, 400)
    for frame in range(30):
        order = [0, 1] if frame % 2 else [1, 0]
        _, smoothed = tracker.update(np.stack([first, second])[order], np.stack([SURE, SURE]), frame / 30)
        np.testing.assert_allclose(smoothed, np.stack([first, second])[order], atol=1e-6)


def test_one_euro_steadies_rest_and_follows_motion():
    rng, still, moving = np.random.default_rng(0), PointSmoother(OneEuro()), PointSmoother(OneEuro())
    use, rest, lags = np.ones(1, bool), [], []
    for frame in range(120):
        noisy = np.array([[100.0, 100.0]]) + rng.normal(0, 2, (1, 2))
        rest.append(still(noisy, use, 200.0, frame / 30)[0] - 100)
        here = np.array([[100.0 + 8 * frame, 100.0]])
        lags.append(here[0, 0] - moving(here, use, 200.0, frame / 30)[0, 0])
    assert np.std(rest[30:]) < 0.6 * 2
    assert max(lags[30:]) < 8  # less than one frame late


def test_blend_by_hand_and_points_that_vanish():
    assert blend(1.0, 1 / (2 * np.pi)) == pytest.approx(0.5)
    smoother = PointSmoother(OneEuro())
    points = np.array([[0.0, 0.0], [10.0, 10.0]])
    smoother(points, np.array([True, True]), 100.0, 0.0)
    result = smoother(points + 50, np.array([True, False]), 100.0, 0.1)
    assert 0 < result[0, 0] < 50
    np.testing.assert_allclose(result[1], [60, 60])  # as given
    result = smoother(points + 100, np.array([True, True]), 100.0, 0.2)
    np.testing.assert_allclose(result[1], [110, 110])  # starts anew


def test_overlap_and_suppression_by_hand():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [100, 0, 10, 10.0]])
    np.testing.assert_allclose(overlap(boxes, boxes)[0], [1, 1 / 3, 0])
    assert drop_overlapping(boxes, np.array([0.5, 0.9, 0.1]), 0.3).tolist() == [1, 2]
    assert drop_overlapping(boxes, np.array([0.5, 0.9, 0.1]), 0.4).tolist() == [1, 0, 2]
