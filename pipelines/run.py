"""Run folders: parts that are present are complete, and a manifest that says how they were made.

``runs/<name>/<stage>/`` holds ``manifest.json``, ``parts/<part>/`` and the tables made from the parts. A part is
written under a temporary name and renamed: a killed run loses at most the part in hand.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spinepose.errors import InputError, SpineforgeError, StageError
from spinepose.files import write_json

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
# What stands beside the results and differs from run to run: clocks, addresses, faults on the way.
VOLATILE = (MANIFEST, "incidents.jsonl", "incidents.parquet")
# What a result can depend on; their versions stand in every manifest.
_VERSIONED = (
    "spineforge",
    "numpy",
    "opencv-python",
    "torch",
    "anny",
    "moderngl",
    "opensim",
    "unrealcv",
    "numba",
)


@dataclass(frozen=True)
class Failure:
    """One item that could not be made: which, at what step, and why."""

    item: str
    stage: str
    error: str


@dataclass
class Manifest:
    """What ``manifest.json`` holds.

    Attributes:
        stage: The stage's name.
        status: ``running`` or ``complete``.
        seed: The run's seed.
        config: The stage's resolved config.
        config_hash: SHA-256 of ``config``.
        inputs: Content hash of each input, by name.
        versions: Installed version of each package the result can depend on.
        counts: Number of items by kind.
        failures: Items that could not be made.
        seconds_per_item: Mean wall time of an item made in the last session of this stage, seconds.
        content_hash: SHA-256 over the stage's files, the manifest excepted; empty until complete.
        notes: Facts about the run that are no result, e.g. the renderer's name.
    """

    stage: str
    seed: int
    config: dict[str, Any]
    config_hash: str
    inputs: dict[str, str]
    status: str = "running"
    versions: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    seconds_per_item: float = 0.0
    content_hash: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION


def read_manifest(stage_dir: Path) -> Manifest | None:
    """Read a stage's manifest, None where there is none.

    Raises:
        InputError: The file is damaged or of another schema.
    """
    path = stage_dir / MANIFEST
    if not path.exists():
        return None
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema_version"] != SCHEMA_VERSION:
            raise InputError(
                f"{path}: manifest schema {data['schema_version']}, this version reads {SCHEMA_VERSION}"
            )
        data["failures"] = [Failure(**failure) for failure in data["failures"]]
        return Manifest(**data)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: damaged manifest ({error}); pass --start-over to make the stage again"
        ) from error


def stable_hash(data: Any) -> str:
    """SHA-256 of JSON data, independent of key order."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of one file's bytes.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def hash_tree(folder: Path, exclude: tuple[str, ...] = VOLATILE) -> str:
    """SHA-256 over names and bytes of all files below a folder, in sorted order."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name in exclude or path.name.startswith(".tmp-"):
            continue
        digest.update(f"{name}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def installed_versions() -> dict[str, str]:
    """Versions of the packages that a result can depend on; packages that are absent are left out."""
    versions = {}
    for name in _VERSIONED:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _changes(old: Any, new: Any, prefix: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _changes(old.get(key), new.get(key), f"{prefix}.{key}")
    elif old != new:
        yield f"{prefix} {old!r} -> {new!r}"


class Stage:
    """One stage of one run, opened for work.

    Use :func:`open_stage`; it checks config and inputs against what an earlier session left behind.
    """

    def __init__(self, folder: Path, manifest: Manifest, max_failed_fraction: float) -> None:
        self.folder = folder
        self.manifest = manifest
        self.max_failed_fraction = max_failed_fraction
        self._made = 0
        self._started = time.monotonic()

    @property
    def complete(self) -> bool:
        return self.manifest.status == "complete"

    def part_dir(self, part: str) -> Path:
        return self.folder / "parts" / part

    def has(self, part: str) -> bool:
        return self.part_dir(part).is_dir()

    @contextlib.contextmanager
    def write_part(self, part: str) -> Iterator[Path]:
        """Give a temporary folder to fill; it becomes the part when the block ends without an error."""
        final = self.part_dir(part)
        temporary = final.with_name(f".tmp-{part}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            os.replace(temporary, final)
            self._made += 1
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def fail(self, item: str, error: Exception | str, step: str | None = None) -> None:
        """Record an item that could not be made; the run goes on."""
        self.manifest.failures = [f for f in self.manifest.failures if f.item != item]
        self.manifest.failures.append(Failure(item, step or self.manifest.stage, str(error)))
        self.save()

    def save(self) -> None:
        write_json(self.folder / MANIFEST, asdict(self.manifest), indent=2)

    def finish(self, counts: dict[str, int], items: int, notes: dict[str, Any] | None = None) -> None:
        """Mark the stage complete.

        Args:
            counts: Numbers of what was made, by kind.
            items: How many items there were to make, failed ones included.
            notes: Facts for the manifest.

        Raises:
            StageError: More items failed than ``max_failed_fraction`` allows.
        """
        failed = len(self.manifest.failures)
        if items and failed / items > self.max_failed_fraction:
            first = self.manifest.failures[0]
            self.save()
            raise StageError(
                f"{self.manifest.stage}: {failed} of {items} items failed, more than max_failed_fraction="
                f"{self.max_failed_fraction}; first: {first.item}: {first.error} (all in {self.folder / MANIFEST})"
            )
        elapsed = time.monotonic() - self._started
        self.manifest.counts = counts
        self.manifest.seconds_per_item = elapsed / max(self._made, 1)
        self.manifest.notes = {**self.manifest.notes, **(notes or {})}
        self.manifest.content_hash = hash_tree(self.folder)
        self.manifest.status = "complete"
        self.save()


def _check_unchanged(
    manifest: Manifest, config: dict[str, Any], inputs: dict[str, str], seed: int, folder: Path
) -> None:
    changed = list(_changes(manifest.config, config, manifest.stage.replace("-", "_")))
    changed += [
        f"input {name}"
        for name in sorted({*inputs, *manifest.inputs})
        if inputs.get(name) != manifest.inputs.get(name)
    ]
    if seed != manifest.seed:
        changed.append(f"seed {manifest.seed} -> {seed}")
    if changed:
        raise InputError(
            f"{folder}: made with another setup ({'; '.join(changed[:4])}); "
            "pass --start-over to make this stage again, or another --run to keep both"
        )


def open_stage(
    run_dir: Path,
    name: str,
    config: dict[str, Any],
    inputs: dict[str, str],
    seed: int,
    start_over: bool = False,
    max_failed_fraction: float = 0.1,
) -> Stage:
    """Open a stage for work, new or where an earlier session left it.

    Args:
        run_dir: The run's folder.
        name: The stage's name; its folder lies below ``run_dir``.
        config: The stage's resolved config as JSON data.
        inputs: Content hashes of what the stage reads.
        seed: The run's seed.
        start_over: Throw away what this stage made before.
        max_failed_fraction: Share of items that may fail before the stage does.

    Raises:
        InputError: Config, seed or inputs differ from those of the files that are there.
    """
    folder = run_dir / name
    config = json.loads(json.dumps(config, default=str))
    if start_over and folder.exists():
        _discard(folder)
    manifest = read_manifest(folder)
    if manifest is not None:
        _check_unchanged(manifest, config, inputs, seed, folder)
        if manifest.status != "complete":
            manifest.failures = []  # an item that failed is tried again
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: not empty and without a manifest; move it away or choose another --run")
    else:
        manifest = Manifest(name, seed, config, stable_hash(config), inputs, versions=installed_versions())
    folder.mkdir(parents=True, exist_ok=True)
    stage = Stage(folder, manifest, max_failed_fraction)
    if not stage.complete:
        for stale in folder.glob("parts/.tmp-*"):
            shutil.rmtree(stale)
        stage.save()
    return stage


def _discard(folder: Path) -> None:
    # Only what this program made: a folder without a manifest may be somebody's own.
    if not (folder / MANIFEST).exists():
        raise InputError(
            f"{folder}: has no manifest, so it is not deleted; remove it yourself or choose another --run"
        )
    shutil.rmtree(folder)


def require_stage(run_dir: Path, name: str) -> tuple[Path, Manifest]:
    """Find a complete stage that another one reads.

    Raises:
        InputError: It is missing or unfinished.
    """
    folder = run_dir / name
    manifest = read_manifest(folder)
    if manifest is None or manifest.status != "complete":
        state = "missing" if manifest is None else "unfinished"
        raise InputError(
            f"stage '{name}' is {state} in {run_dir}: run 'spineforge {name} --run {run_dir}' first"
        )
    return folder, manifest


def describe(error: Exception) -> str:
    """One line for a record of a failure: our own errors as they are, others with their type."""
    text = " ".join(str(error).split())
    return text if isinstance(error, SpineforgeError) else f"{type(error).__name__}: {text}"
