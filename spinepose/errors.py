"""The project's family of errors: one base, two kinds, told apart by who can mend them."""

from __future__ import annotations


class SpineforgeError(Exception):
    """Base of every error that this project raises on purpose.

    The message is one line for a person: what is wrong, which item, what to do.
    """

    exit_code = 1


class InputError(SpineforgeError):
    """Something the user gave is wrong: a file, an option, a config key. The CLI exits with 2."""

    exit_code = 2


class StageError(SpineforgeError):
    """A run failed while it worked: too many bad items, a world that died. The CLI exits with 1."""

    exit_code = 1
