"""Who is who from frame to frame: identities follow the person, not the place in the list."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from spinepose.boxes import box_around, overlap
from spinepose.predict import SCORE_THRESHOLD
from spinepose.skeleton import SIGMAS
from spinepose.smooth import OneEuro, PointSmoother

SEEN = SCORE_THRESHOLD
MIN_SEEN = 5  # keypoints that a box is made of
# Two poses with a higher similarity are one person found twice (as in evaluation's suppression, and looser, because
# boxes that follow two people may meet on one of them).
SAME_PERSON = 0.75
# Below this neither pose nor box speaks for the same person.
MIN_AFFINITY = 0.15
# Someone who was away for longer comes back as a new person.
KEEP_S = 1.0
# Between frames people move: similarity is taken with sigmas this many times wider than those of labelling.
MOTION_SLACK = 2.0


@dataclass
class Track:
    """One person over time.

    Attributes:
        identity: Counts from 0, never used twice.
        points_px: Last keypoints, shape (K, 2), as found (not smoothed).
        scores: Their scores, shape (K,).
        box_xywh: Box of the keypoints seen, shape (4,).
        seen_s: Time of the last sight.
        velocity_px_s: Of the person as a whole, shape (2,).
        smoother: Its filter.
    """

    identity: int
    points_px: np.ndarray
    scores: np.ndarray
    box_xywh: np.ndarray
    seen_s: float
    velocity_px_s: np.ndarray = field(default_factory=lambda: np.zeros(2))
    smoother: PointSmoother | None = None

    def shift(self, time_s: float) -> np.ndarray:
        """How far the person has gone since the last sight if the velocity stayed, shape (2,)."""
        return self.velocity_px_s * (time_s - self.seen_s)


def pose_box(points_px: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The box of the keypoints that are seen, shape (4,); of all of them where hardly any is."""
    seen = scores > SEEN
    return box_around(points_px, seen if seen.sum() >= MIN_SEEN else np.ones(len(points_px), bool))


def pose_similarity(
    first_px: np.ndarray, second_px: np.ndarray, use: np.ndarray, area: float, slack: float = 1.0
) -> float:
    """OKS between two poses over the points to be used; 0 where there are none.

    Args:
        first_px: Shape (K, 2).
        second_px: Shape (K, 2).
        use: Shape (K,) bool.
        area: Square pixels.
        slack: Factor on the sigmas.
    """
    if not use.any():
        return 0.0
    squared = ((first_px - second_px) ** 2).sum(axis=1)[use]
    return float(np.exp(-squared / (2 * max(area, 1e-9) * (2 * slack * SIGMAS[use]) ** 2)).mean())


def drop_doubles(points_px: np.ndarray, scores: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Indices of the poses that stay when of two on the same person the lower rank goes, in the order given.

    Args:
        points_px: Shape (N, K, 2).
        scores: Shape (N, K).
        ranks: Shape (N,), the higher the better.
    """
    kept: list[int] = []
    areas = [float(pose_box(p, s)[2:].prod()) for p, s in zip(points_px, scores, strict=True)]
    for i in np.argsort(-ranks, kind="stable"):
        if all(
            pose_similarity(
                points_px[i], points_px[j], (scores[i] > SEEN) & (scores[j] > SEEN), min(areas[i], areas[j])
            )
            < SAME_PERSON
            for j in kept
        ):
            kept.append(int(i))
    return np.array(sorted(kept), dtype=int)


class Tracker:
    """Gives identities to the poses of successive frames and smooths each person by itself."""

    def __init__(self, smoothing: OneEuro | None = None) -> None:
        self.smoothing = smoothing
        self.tracks: list[Track] = []
        self._next = 0

    def expected_boxes(self, time_s: float) -> np.ndarray:
        """Where the people of the last frames should be now, shape (N, 4)."""
        boxes = [track.box_xywh + np.r_[track.shift(time_s), 0, 0] for track in self._alive(time_s)]
        return np.array(boxes).reshape(-1, 4)

    def update(
        self, points_px: np.ndarray, scores: np.ndarray, time_s: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take the poses of one frame.

        Args:
            points_px: Shape (N, K, 2).
            scores: Shape (N, K).
            time_s: Time of the frame; must rise.

        Returns:
            Identities, shape (N,), and smoothed keypoints, shape (N, K, 2), in the order given.
        """
        self.tracks = self._alive(time_s)
        boxes = np.array([pose_box(p, s) for p, s in zip(points_px, scores, strict=True)]).reshape(-1, 4)
        partner = self._associate(points_px, scores, boxes, time_s)
        identities, smoothed = np.zeros(len(points_px), dtype=int), np.array(points_px, dtype=float)
        for i, track in enumerate(partner):
            if track is None:
                track = self._new(points_px[i], scores[i], boxes[i], time_s)
            else:
                self._follow(track, points_px[i], scores[i], boxes[i], time_s)
            identities[i] = track.identity
            if track.smoother is not None:
                height = float(boxes[i, 2:].max())
                smoothed[i] = track.smoother(points_px[i], scores[i] > SEEN, height, time_s)
        return identities, smoothed

    def _alive(self, time_s: float) -> list[Track]:
        return [track for track in self.tracks if time_s - track.seen_s <= KEEP_S]

    def _associate(
        self, points_px: np.ndarray, scores: np.ndarray, boxes: np.ndarray, time_s: float
    ) -> list[Track | None]:
        partner: list[Track | None] = [None] * len(points_px)
        if not self.tracks or not len(points_px):
            return partner
        affinity = np.zeros((len(points_px), len(self.tracks)))
        for j, track in enumerate(self.tracks):
            moved = track.points_px + track.shift(time_s)
            moved_box = (track.box_xywh + np.r_[track.shift(time_s), 0, 0])[None]
            area = float(track.box_xywh[2:].prod())
            for i in range(len(points_px)):
                use = (scores[i] > SEEN) & (track.scores > SEEN)
                pose = pose_similarity(points_px[i], moved, use, area, MOTION_SLACK)
                affinity[i, j] = (pose + float(overlap(boxes[i : i + 1], moved_box)[0, 0])) / 2
        for i, j in zip(*linear_sum_assignment(-affinity), strict=True):
            if affinity[i, j] >= MIN_AFFINITY:
                partner[i] = self.tracks[j]
        return partner

    def _new(self, points_px: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float) -> Track:
        smoother = PointSmoother(self.smoothing) if self.smoothing else None
        track = Track(self._next, points_px, scores, box, time_s, smoother=smoother)
        self._next += 1
        self.tracks.append(track)
        return track

    @staticmethod
    def _follow(
        track: Track, points_px: np.ndarray, scores: np.ndarray, box: np.ndarray, time_s: float
    ) -> None:
        both = (scores > SEEN) & (track.scores > SEEN)
        if both.sum() >= MIN_SEEN and time_s > track.seen_s:
            # The median point: an arm that swings does not move the person.
            moved = np.median(points_px[both] - track.points_px[both], axis=0) / (time_s - track.seen_s)
            track.velocity_px_s = (track.velocity_px_s + moved) / 2
        track.points_px, track.scores, track.box_xywh, track.seen_s = points_px, scores, box, time_s
