"""Check a COCO keypoint file of any size: every fault with the id of the annotation or image it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from spinepose.coco import SCHEMA_VERSION
from spinepose.coco_stream import iter_annotations, iter_images, read_head
from spinepose.errors import InputError
from spinepose.skeleton import INDEX, NAMES
from spinepose.validate_annotations import Finding, Layout, annotation_faults, is_id
from spinepose.validate_bulk import sound
from spinepose.validate_images import CutImageError, image_size

# What other tools' files do without harm; in a file of our own they are errors.
_FOREIGN_HABITS = frozenset({"box-beyond", "unlabelled", "outside", "sides", "skeleton", "far-hidden"})
# Odd in any file, but nothing breaks.
_REMARKS = frozenset({"unknown-name", "same-file"})
_KEEP = 10_000


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        code: Its kind.
        item: Where: ``file``, ``image 3`` or ``annotation 17``.
        words: What.
        error: Whether the file cannot be trusted with it; else it is a warning.
    """

    code: str
    item: str
    words: str
    error: bool = True

    def __str__(self) -> str:
        return f"{self.item}: {self.words} [{self.code}]"


@dataclass
class Report:
    """What a check found.

    Attributes:
        faults: The first 10,000; ``counts`` has all.
        counts: Faults of each kind: ``(error, code)`` to their number.
        images: Images in the file.
        annotations: Annotations in the file.
    """

    faults: list[Fault] = field(default_factory=list)
    counts: Counter[tuple[bool, str]] = field(default_factory=Counter)
    images: int = 0
    annotations: int = 0

    @property
    def errors(self) -> int:
        """Number of errors."""
        return sum(count for (error, _), count in self.counts.items() if error)

    @property
    def warnings(self) -> int:
        """Number of warnings."""
        return sum(self.counts.values()) - self.errors

    def add(self, fault: Fault) -> None:
        """Record a fault."""
        self.counts[fault.error, fault.code] += 1
        if len(self.faults) < _KEEP:
            self.faults.append(fault)


#: Further checks of annotations, e.g. against a table beside the file: called with some at a time, in the file's order,
#: it gives the place among them and what is wrong.
Check = Callable[[Sequence[Mapping[str, Any]]], Iterator[tuple[int, Finding]]]
_BLOCK = 1024


def validate_coco(
    path: Path | str, images_root: Path | str | None = None, check: Check | None = None
) -> Report:
    """Check a COCO keypoint file.

    Memory stays bounded by ids and file names, whatever the file's size.

    Args:
        path: The JSON file: the 37 keypoints, or any skeleton whose category names its keypoints.
        images_root: Folder that file names are relative to; None leaves the image files alone.
        check: A further check of the annotations.

    Raises:
        InputError: The file or the folder is missing.
    """
    path, root = Path(path), None if images_root is None else Path(images_root)
    if not path.is_file():
        raise InputError(f"{path}: no such label file")
    if root is not None and not root.is_dir():
        raise InputError(f"{root}: no such folder of images")
    report = Report()
    try:
        head = read_head(path)
        own = "schema_version" in head.info
        layout = Layout({}, own)
        for code, words in _head_faults(head.info, head.categories):
            report.add(_fault("file", code, words, own))
        layout = Layout(_category_names(head.categories), own)
        sizes = _check_images(path, root, report, own)
        _check_annotations(path, layout, sizes, report, check)
    except InputError as error:
        report.add(Fault("unreadable", "file", str(error)))
    return report


def _fault(item: str, code: str, words: str, own: bool) -> Fault:
    return Fault(code, item, words, code not in _REMARKS and (own or code not in _FOREIGN_HABITS))


def _category_names(categories: Sequence[Any]) -> dict[int, tuple[str, ...]]:
    return {
        category["id"]: tuple(category["keypoints"])
        for category in categories
        if isinstance(category, dict) and is_id(category.get("id")) and category.get("keypoints")
    }


def _head_faults(info: Mapping[str, Any], categories: Sequence[Any]) -> Iterator[Finding]:
    version = info.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        yield "schema", f"schema_version is {version!r}, this version reads {SCHEMA_VERSION}"
    ids = [c.get("id") for c in categories if isinstance(c, dict)]
    if len(set(map(repr, ids))) != len(ids):
        yield "categories", "two categories share an id"
    named = [c for c in categories if isinstance(c, dict) and c.get("keypoints")]
    if not named:
        yield "categories", "no category names its keypoints"
    for category in named:
        yield from _category_faults(category)


def _category_faults(category: Mapping[str, Any]) -> Iterator[Finding]:
    names = category["keypoints"]
    if not is_id(category.get("id")):
        yield "categories", f"category '{category.get('name')}' has the id {category.get('id')!r}"
    doubled = [name for name, count in Counter(names).items() if count > 1]
    if doubled:
        yield "categories", f"keypoint '{doubled[0]}' is named twice"
    if set(names) == set(NAMES) and tuple(names) != NAMES:
        row = next(i for i, name in enumerate(names) if name != NAMES[i])
        yield "order", f"keypoint {row} is '{names[row]}', expected '{NAMES[row]}'"
    unknown = [name for name in names if name not in INDEX]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        yield "unknown-name", f"keypoint '{unknown[0]}'{more}: no name of the 37, passed over on reading"
    for link in category.get("skeleton") or ():
        if len(link) != 2 or not all(is_id(end) and 1 <= end <= len(names) for end in link):
            yield "skeleton", f"skeleton link {link}: ends count from 1 to {len(names)}"


def _check_images(
    path: Path, root: Path | None, report: Report, own: bool
) -> dict[int, tuple[int, int] | None]:
    """Sizes by id, None where they are not known."""
    sizes: dict[int, tuple[int, int] | None] = {}
    names: set[str] = set()
    for row in iter_images(path):
        report.images += 1
        number = row.get("id")
        item = f"image {number}" if is_id(number) else f"image number {report.images}"
        if not is_id(number):
            report.add(Fault("image-id", item, f"id is {number!r}, expected a whole number"))
        elif number in sizes:
            report.add(Fault("image-id", item, "another image has the same id"))
        size = _size_of(row)
        if size is None:
            words = f"width and height are {row.get('width')!r} and {row.get('height')!r}, expected pixels"
            report.add(Fault("image-size", item, words))
        if is_id(number):
            sizes[number] = size
        for code, words in _name_faults(row.get("file_name"), names):
            report.add(_fault(item, code, words, own))
        if root is not None and isinstance(row.get("file_name"), str):
            for code, words in _file_faults(root / row["file_name"], size):
                report.add(Fault(code, item, words))
    return sizes


def _size_of(row: Mapping[str, Any]) -> tuple[int, int] | None:
    width, height = row.get("width"), row.get("height")
    if not is_id(width) or not is_id(height) or width <= 0 or height <= 0:
        return None
    return width, height


def _name_faults(name: Any, names: set[str]) -> Iterator[Finding]:
    if not isinstance(name, str) or not name:
        yield "file-name", f"file_name is {name!r}"
        return
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name:
        yield "file-name", f"file_name '{name}' leads out of the images folder"
    if name in names:
        yield "same-file", f"another image has the file '{name}', too"
    names.add(name)


def _file_faults(path: Path, size: tuple[int, int] | None) -> Iterator[Finding]:
    try:
        real = image_size(path)
    except CutImageError as error:
        yield "cut-image", f"{path.name}: {error}"
        return
    except OSError as error:
        yield "missing-image", f"{path}: {error.strerror or error}"
        return
    if size is not None and real != size:
        yield "image-size", f"{path.name} is {real[0]} x {real[1]}, the file says {size[0]} x {size[1]}"


def _check_annotations(
    path: Path,
    layout: Layout,
    sizes: Mapping[int, tuple[int, int] | None],
    report: Report,
    check: Check | None,
) -> None:
    seen = _Seen()
    rows = iter_annotations(path)
    while block := list(islice(rows, _BLOCK)):
        further: dict[int, list[Finding]] = {}
        for i, finding in check(block) if check is not None else ():
            further.setdefault(i, []).append(finding)
        images = [row.get("image_id") for row in block]
        known = [sizes.get(image) if is_id(image) else None for image in images]
        plain = sound(block, layout, known).tolist()
        for i, row in enumerate(block):
            report.annotations += 1
            number, image = row.get("id"), images[i]
            item = f"annotation {number}" if is_id(number) else f"annotation number {report.annotations}"
            for code, words in seen.faults(row):
                report.add(Fault(code, item, words))
            for code, words in further.get(i, ()):
                report.add(Fault(code, item, words))
            if not is_id(image) or image not in sizes:
                report.add(Fault("image-unknown", item, f"stands in image {image!r}, which the file lacks"))
            if not plain[i]:
                for code, words in annotation_faults(row, layout, known[i]):
                    report.add(_fault(item, code, words, layout.own))


class _Seen:
    """What annotations have shown so far."""

    def __init__(self) -> None:
        self._ids: set[int] = set()
        self._contents: set[int] = set()

    def faults(self, row: Mapping[str, Any]) -> Iterator[Finding]:
        """An id that is none or was there before, a person that was there before."""
        number, flat = row.get("id"), row.get("keypoints")
        if not is_id(number):
            yield "annotation-id", f"id is {number!r}, expected a whole number"
        elif number in self._ids:
            yield "annotation-id", "another annotation has the same id"
        else:
            self._ids.add(number)
        content = _hash(row.get("image_id"), row.get("bbox"), flat)
        if content in self._contents and isinstance(flat, list) and any(flat):
            yield "twice", "the same person is in the same image twice"
        self._contents.add(content)


def _hash(image: Any, box: Any, flat: Any) -> int:
    try:
        return hash((image, *box, *flat))
    except TypeError:  # lists where numbers should stand
        return hash((str(image), str(box), str(flat)))
