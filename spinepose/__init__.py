"""Spine-aware human pose estimation: skeleton, labels, model, training, evaluation, inference."""

from spinepose.errors import InputError, SpineforgeError, StageError

__version__ = "0.1.0"

# How the command line tells this package from another distribution of the same import name.
DISTRIBUTION = "spineforge"

__all__ = ["DISTRIBUTION", "InputError", "SpineforgeError", "StageError", "__version__"]
