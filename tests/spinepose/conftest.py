"""What the trainer's tests share: drawn people, and few threads."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from sketches import make_sketch_set

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sketch_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with annotations and images of 32 people to learn from and 8 held out."""
    root = tmp_path_factory.mktemp("sketches")
    make_sketch_set(root, "train-synth", 32, seed=1, subjects=6)
    make_sketch_set(root, "val-synth", 8, seed=2, subjects=2)
    return root
