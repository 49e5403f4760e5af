"""Mix label files of several sets into one: mapped by name, ids apart, no person in two splits, licences kept."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinepose.coco_stream import CocoWriter, iter_images
from spinepose.errors import InputError
from spinepose.files import atomic_path, write_json
from spinepose.licences import Licence, strictest
from spinepose.mix_duplicates import fingerprints, near_pairs
from spinepose.mix_sources import Index, Source, SourceConfig, index_source, open_source
from spinepose.mix_split import (
    OUT,
    TRAIN,
    VAL,
    Groups,
    assign_splits,
    drop_doubles,
    thin_share,
    thin_weights,
)
from spinepose.rng import rng_for
from spinepose.skeleton import coco_category

SCHEMA_VERSION = 1
SPLITS = ("train", "val")
# Why a picture is not in the mix, in the order in which it is asked.
REASONS = ("nobody_labelled", "same_picture", "in_val_too", "share", "weight")

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class MixOptions:
    """How to mix.

    Attributes:
        val_fraction: Chance of a free group of pictures (source split ``auto``) to become validation.
        seed: Of all that is drawn.
        copy: Copy pictures instead of linking them.
        allow_non_commercial: Whether sources may forbid commercial use.
    """

    val_fraction: float = 0.1
    seed: int = 0
    copy: bool = False
    allow_non_commercial: bool = False


@dataclass
class _Pool:
    """All pictures of all sources in one row, source after source; see ``REASONS`` for ``reason``, -1 is taken."""

    sources: list[Source]
    indexes: list[Index]
    starts: np.ndarray
    people: np.ndarray
    splits: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    reason: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    near: int = 0

    def own(self, source: int) -> np.ndarray:
        """Positions of one source's pictures."""
        return np.arange(self.starts[source], self.starts[source + 1])

    def open(self, source: int, split: int) -> np.ndarray:
        """Positions of a source's pictures that are still taken."""
        own = self.own(source)
        return own[(self.reason[own] < 0) & (self.splits[own] == split)]

    def leave_out(self, pictures: np.ndarray, reason: str) -> None:
        """Leave pictures out, unless they are out already."""
        taken = pictures[self.reason[pictures] < 0]
        self.reason[taken] = REASONS.index(reason)


def mix(
    configs: Sequence[SourceConfig],
    out_dir: Path,
    options: MixOptions | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write ``annotations/person_keypoints_{train,val}-mix.json``, ``images/<source>/``, ``mix.json`` and a card.

    Of pictures that several sources have, the first source's is kept, with its labels. Labels that a source does not
    have are unlabelled (0, 0, 0), not wrong. Memory holds ids, names and 48 bytes of fingerprint a picture.

    Args:
        configs: The sources.
        out_dir: A new or empty folder.
        options: How to mix.
        progress: Called as (pictures done, pictures in all, words).

    Returns:
        What ``mix.json`` holds.

    Raises:
        InputError: A source is missing or broken, forbids commercial use without leave, or nothing is left.
    """
    options, progress = options or MixOptions(), progress or (lambda done, total, words: None)
    if out_dir.exists() and any(out_dir.iterdir()):
        raise InputError(f"{out_dir}: is not empty; a mix wants a folder of its own")
    sources = [open_source(config) for config in configs]
    indexes = [index_source(source) for source in sources]
    licences = {source.config.name: index.licence for source, index in zip(sources, indexes, strict=True)}
    _require_leave(licences, options)
    counts = [len(index.ids) for index in indexes]
    people = np.concatenate([index.people for index in indexes])
    pool = _Pool(sources, indexes, np.concatenate([[0], np.cumsum(counts)]), people)
    pool.reason = np.where(people > 0, -1, REASONS.index("nobody_labelled"))
    _divide(pool, options, progress)
    _thin(pool, options.seed)
    for split, name in ((TRAIN, "train"), (VAL, "val")):
        if split == VAL and options.val_fraction == 0:
            continue  # nobody asked for a held-out part
        if not any(len(pool.open(source, split)) for source in range(len(sources))):
            raise InputError(
                f"mix: nothing is left for '{name}'; look at the sources' splits and --val-fraction"
            )
    return _write(pool, out_dir, options, progress)


def _require_leave(licences: dict[str, Licence], options: MixOptions) -> None:
    bound = [f"{name} ({one.id})" for name, one in licences.items() if not one.commercial]
    if bound and not options.allow_non_commercial:
        raise InputError(
            f"no commercial use is allowed of {', '.join(bound)}, nor then of the mix and of models trained on it; "
            "say --allow-non-commercial if that is meant"
        )


def _divide(pool: _Pool, options: MixOptions, progress: Progress) -> None:
    """Find doubles, and give every picture its split."""
    groups = Groups(len(pool.people))
    hashes: list[bytes] = []
    bits: list[np.ndarray] = []
    wanted: list[str] = []
    keys: list[str] = []
    for source, index in zip(pool.sources, pool.indexes, strict=True):
        for name, tokens in zip(index.names, index.tokens, strict=True):
            groups.tie(len(hashes), tokens)
            content, look = fingerprints(source.config.images / name)
            hashes.append(content)
            bits.append(look)
            wanted.append(source.config.split)
            keys.append(f"{source.config.name}/{name}")
            progress(len(hashes), len(pool.people), "look")
    somebody = np.flatnonzero(pool.reason < 0)  # a picture without people stands in no other's way
    doubles = drop_doubles([hashes[i] for i in somebody.tolist()])
    pool.leave_out(somebody[doubles], "same_picture")
    for i, content in enumerate(hashes):
        groups.tie(i, [content.hex()])
    for one, other in near_pairs(np.stack(bits)):
        pool.near += 1
        groups.join(one, other)
    kept = pool.reason < 0
    # What is out for another reason must not push others out of train.
    asked = [want if keep else "auto" for want, keep in zip(wanted, kept, strict=True)]
    pool.splits, torn = assign_splits(groups, asked, keys, options.val_fraction, options.seed)
    pool.leave_out(np.flatnonzero(torn), "in_val_too")
    pool.splits[pool.splits == OUT] = TRAIN


def _thin(pool: _Pool, seed: int) -> None:
    """Apply shares, then weights, which speak of training only."""
    configs = [source.config for source in pool.sources]
    for i, config in enumerate(configs):
        for split in (TRAIN, VAL):
            before = pool.open(i, split)
            rng = rng_for(seed, "mix-share", config.name, split)
            pool.leave_out(np.setdiff1d(before, thin_share(rng, before, config.share)), "share")
    if any(config.weight is not None for config in configs):
        before_all = [pool.open(i, TRAIN) for i in range(len(configs))]
        rngs = [rng_for(seed, "mix-weight", config.name) for config in configs]
        weights = [config.weight or 1.0 for config in configs]
        kept_all = thin_weights(rngs, before_all, pool.people, weights)
        for before, kept in zip(before_all, kept_all, strict=True):
            pool.leave_out(np.setdiff1d(before, kept), "weight")


def _write(pool: _Pool, out_dir: Path, options: MixOptions, progress: Progress) -> dict[str, Any]:
    whole = strictest([index.licence for index in pool.indexes])
    summary: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "licence": whole.id,
        "commercial": whole.commercial,
        "seed": options.seed,
        "val_fraction": options.val_fraction,
        "near_duplicate_pairs": pool.near,
        "sources": [_of_source(pool, i) for i in range(len(pool.sources))],
    }
    counts: Counter[str] = Counter(
        {f"{split}_{what}": 0 for split in SPLITS for what in ("images", "annotations")}
    )
    with ExitStack() as stack:
        writers = [stack.enter_context(_writer(out_dir, name, summary)) for name in SPLITS]
        for i in range(len(pool.sources)):
            _write_source(pool, i, out_dir, writers, options.copy, counts)
            progress(int(pool.starts[i + 1]), len(pool.people), "write")
    summary |= {"counts": dict(sorted(counts.items()))}
    write_json(out_dir / "mix.json", summary, indent=2)
    with atomic_path(out_dir / "README.md") as temporary:
        temporary.write_text(_card(summary), encoding="utf-8")
    return summary


def _writer(out_dir: Path, split: str, summary: dict[str, Any]) -> CocoWriter:
    sources = [
        {key: source[key] for key in ("name", "licence", "landmark_set") if source.get(key)}
        for source in summary["sources"]
    ]
    info = {
        "description": f"spineforge mix, {split}",
        "version": "1.0",
        "licence": summary["licence"],
        "commercial": summary["commercial"],
        "sources": sources,
    }
    licences = [{"id": i, "name": source["licence"]} for i, source in enumerate(sources, start=1)]
    path = out_dir / "annotations" / f"person_keypoints_{split}-mix.json"
    return CocoWriter(path, info=info, licenses=licences, categories=[coco_category()])


def _of_source(pool: _Pool, number: int) -> dict[str, Any]:
    source, index = pool.sources[number], pool.indexes[number]
    reasons = pool.reason[pool.own(number)]
    return {
        "name": source.config.name,
        "labels": str(source.config.labels),
        "labels_sha256": _sha256(source.config.labels),
        "licence": index.licence.id,
        "landmark_set": source.head.info.get("landmark_set"),
        "skeleton": source.mapping.name,
        "keypoints_used": int((source.mapping.rows >= 0).sum()),
        "keypoints_left_out": dict(source.mapping.left_out),
        "share": source.config.share,
        "weight": source.config.weight,
        "pictures": len(index.ids),
        "left_out": {name: int((reasons == i).sum()) for i, name in enumerate(REASONS)},
        **{name: len(pool.open(number, split)) for split, name in ((TRAIN, "train"), (VAL, "val"))},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_source(
    pool: _Pool,
    number: int,
    out_dir: Path,
    writers: Sequence[CocoWriter],
    copy: bool,
    counts: Counter[str],
) -> None:
    source = pool.sources[number]
    name, own = source.config.name, pool.own(number)
    # Ids go on counting over both splits, so that neither images nor annotations ever share one.
    target: dict[int, tuple[int, int]] = {}
    for row, position in zip(iter_images(source.config.labels), own.tolist(), strict=True):
        if pool.reason[position] >= 0:
            continue
        split = int(pool.splits[position])
        new = counts["images"] = counts["images"] + 1
        target[int(row["id"])] = split, new
        file_name = f"{name}/{row['file_name']}"
        linked = _place(source.config.images / row["file_name"], out_dir / "images" / file_name, copy)
        counts["linked" if linked else "copied"] += 1
        counts[f"{SPLITS[split]}_images"] += 1
        changed = {"id": new, "file_name": file_name, "license": number + 1}
        origin = {"source": name, "source_id": row["id"], "source_license": row.get("license")}
        writers[split].add_image({**row, **changed, **origin})
    for row, flat in _people(source, target):
        split, image_id = target[row["image_id"]]
        new = counts["annotations"] = counts["annotations"] + 1
        counts[f"{SPLITS[split]}_annotations"] += 1
        person = {
            "id": new,
            "image_id": image_id,
            "category_id": 1,
            "keypoints": flat,
            "num_keypoints": sum(1 for v in flat[2::3] if v),
        }
        writers[split].add_annotation({**row, **person, "source": name, "source_id": row["id"]})


def _people(source: Source, target: dict[int, Any]) -> Iterator[tuple[dict[str, Any], list[float | int]]]:
    return ((row, flat) for row, flat in source.people() if row["image_id"] in target)


def _place(source: Path, target: Path, copy: bool) -> bool:
    """Link a picture, or copy it where asked or where a file system cannot link; tells whether it was linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():  # named twice by its source
        return not copy
    if not copy:
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return True
    shutil.copyfile(source, target)
    return False


def _card(summary: dict[str, Any]) -> str:
    rows = [
        f"| {s['name']} | {s['licence']} | {s['skeleton']}, {s['keypoints_used']} of 37 | {s['train']} | {s['val']} | "
        f"{', '.join(f'{n} {why}' for why, n in s['left_out'].items() if n) or '-'} |"
        for s in summary["sources"]
    ]
    use = "allowed" if summary["commercial"] else "not allowed"
    counts = summary["counts"]
    return "\n".join(
        [
            "# Mixed spine labels",
            "",
            f"Licence of the whole: **{summary['licence']}**, the strictest of its sources. Commercial use is {use}, "
            "of models trained on it, too; what each source asks for (naming its authors, say) holds for its part.",
            "",
            f"{counts['train_images']} pictures with {counts['train_annotations']} people to learn from, "
            f"{counts['val_images']} with {counts['val_annotations']} held out. No person, clip or "
            "picture is in both.",
            "",
            "| source | licence | skeleton | train pictures | val pictures | left out |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            "Keypoints that a source does not label have visibility 0. `mix.json` says what was left out and why, and "
            "the hash of every label file; `source` and `source_id` say where each image and annotation comes from.",
            "",
        ]
    )
