"""Who goes where in a mix: pictures that share a person or a clip, or look alike, never part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from spinepose.rng import rng_for

TRAIN, VAL, OUT = 0, 1, -1


class Groups:
    """Union-find over the pictures of all sources."""

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count)
        self._of_token: dict[str, int] = {}

    def root(self, picture: int) -> int:
        """The picture that stands for a picture's group."""
        while self._parent[picture] != picture:
            self._parent[picture] = self._parent[self._parent[picture]]
            picture = int(self._parent[picture])
        return picture

    def join(self, one: int, other: int) -> None:
        """Two pictures must not part; the earlier stands for both."""
        a, b = sorted((self.root(one), self.root(other)))
        self._parent[b] = a

    def tie(self, picture: int, tokens: Iterable[str]) -> None:
        """A picture must not part from others that have one of these tokens."""
        for token in tokens:
            self.join(picture, self._of_token.setdefault(token, picture))


def assign_splits(
    groups: Groups, wanted: Sequence[str], keys: Sequence[str], val_fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """A split for each picture.

    A group with a picture of a val source is val: its pictures of train sources are left out, those of auto sources go
    along. A group with a train source is train. The rest is drawn by group.

    Args:
        groups: What must not part.
        wanted: ``train``, ``val`` or ``auto`` for each picture.
        keys: A name for each picture that does not change with the other sources.
        val_fraction: Chance of a free group to become val.
        seed: Of the mix.

    Returns:
        ``TRAIN``, ``VAL`` or ``OUT`` for each picture, and which are out because their person or clip is in val.
    """
    roots = np.array([groups.root(i) for i in range(len(wanted))], int)
    kinds = np.array(wanted)
    has_val, has_train = set(roots[kinds == "val"].tolist()), set(roots[kinds == "train"].tolist())
    splits = np.full(len(wanted), TRAIN)
    drawn: dict[int, int] = {}
    for i, root in enumerate(roots.tolist()):
        if root in has_val:
            splits[i] = OUT if kinds[i] == "train" else VAL
        elif root not in has_train:
            if root not in drawn:
                draw = rng_for(seed, "mix-split", keys[root]).random()
                drawn[root] = VAL if draw < val_fraction else TRAIN
            splits[i] = drawn[root]
    return splits, splits == OUT


def thin_share(rng: np.random.Generator, pictures: np.ndarray, share: float) -> np.ndarray:
    """So large a share of the pictures given, drawn at random, in order; at least one."""
    if share >= 1 or not len(pictures):
        return pictures
    count = max(1, round(share * len(pictures)))
    return np.sort(rng.choice(pictures, count, replace=False))


def thin_weights(
    rngs: Sequence[np.random.Generator],
    pictures: Sequence[np.ndarray],
    people: np.ndarray,
    weights: Sequence[float],
) -> list[np.ndarray]:
    """The largest parts of several sources whose people stand in the ratio of the weights.

    Args:
        rngs: One a source.
        pictures: Those of each source.
        people: Labelled people of every picture.
        weights: One a source.

    Returns:
        The pictures that stay, a source each, in order.
    """
    totals = [int(people[own].sum()) for own in pictures]
    unit = min((total / weight for total, weight in zip(totals, weights, strict=True) if total), default=0)
    kept = []
    for rng, own, weight in zip(rngs, pictures, weights, strict=True):
        shuffled = rng.permutation(own)
        before = np.cumsum(people[shuffled]) - people[shuffled]
        kept.append(np.sort(shuffled[before < round(unit * weight)]))
    return kept


def drop_doubles(hashes: Sequence[bytes]) -> np.ndarray:
    """Which pictures have the bytes of an earlier one, shape (N,)."""
    seen: Counter[bytes] = Counter()
    doubles = np.zeros(len(hashes), bool)
    for i, content in enumerate(hashes):
        doubles[i] = seen[content] > 0
        seen[content] += 1
    return doubles
