"""Spine-aware human pose estimation: skeleton, labels, model, training, evaluation, inference."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from spinepose.errors import InputError, SpineforgeError, StageError

if TYPE_CHECKING:
    from spinepose.estimator import SpinePoseEstimator
    from spinepose.infer import run_inference

__version__ = "0.1.0"

# How the command line tells this package from another distribution of the same import name.
DISTRIBUTION = "spineforge"

__all__ = [
    "DISTRIBUTION",
    "InputError",
    "SpinePoseEstimator",
    "SpineforgeError",
    "StageError",
    "__version__",
    "run_inference",
]

# Loaded when first asked for: torch and OpenCV take seconds, and the command line's help must not wait for them.
_LAZY = {"SpinePoseEstimator": "spinepose.estimator", "run_inference": "spinepose.infer"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'spinepose' has no attribute '{name}'")
