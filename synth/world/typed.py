"""Whether a dataclass read from a client's JSON holds what its annotations say."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from spinepose.errors import InputError

_LONGEST = 1000
_LARGEST = 2**53


def check_types(value: Any, what: str) -> None:
    """Compare each field of a dataclass, and of those in it, with its annotation.

    Known are numbers, text, truth values, tuples, and dataclasses; a float may be written as an integer.

    Raises:
        InputError: A field is of another type, a number is not finite or absurdly large, or a text is.
    """
    hints = get_type_hints(type(value))
    for field in fields(value):
        _check(getattr(value, field.name), hints[field.name], f"{what}: {field.name}")


def _check(value: Any, wanted: Any, what: str) -> None:
    if is_dataclass(wanted):
        if not isinstance(value, wanted if isinstance(wanted, type) else type(wanted)):
            raise _wrong(value, what, getattr(wanted, "__name__", "an object"))
        check_types(value, what)
    elif get_origin(wanted) is tuple:
        _check_tuple(value, get_args(wanted), what)
    elif wanted in (int, float):
        kinds = (int,) if wanted is int else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise _wrong(value, what, "a whole number" if wanted is int else "a number")
        if not abs(value) <= _LARGEST or not math.isfinite(value):
            raise _wrong(value, what, "a finite number of sensible size")
    elif wanted in (str, bool) and (
        not isinstance(value, wanted) or (wanted is str and len(value) > _LONGEST)
    ):
        raise _wrong(value, what, "a short text" if wanted is str else "true or false")


def _check_tuple(value: Any, wanted: tuple[Any, ...], what: str) -> None:
    any_length = len(wanted) == 2 and wanted[1] is Ellipsis
    if not isinstance(value, tuple) or not (any_length or len(value) == len(wanted)):
        raise _wrong(value, what, "a list" if any_length else f"{len(wanted)} values")
    if len(value) > _LONGEST:
        raise _wrong(value, what, "a short list")
    for number, item in enumerate(value):
        _check(item, wanted[0] if any_length else wanted[number], f"{what}[{number}]")


def _wrong(value: Any, what: str, wanted: str) -> InputError:
    shown = repr(value) if isinstance(value, (str, float, bool, type(None))) else type(value).__name__
    return InputError(f"{what} is {shown[:60]}, expected {wanted}")
