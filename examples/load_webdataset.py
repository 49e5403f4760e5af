"""Read shards with webdataset (`pip install spineforge[scale]`).

spineforge dataset export --run runs/demo --format webdataset --out shards
python examples/load_webdataset.py shards
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import webdataset as wds


def decode_picture(data: bytes) -> np.ndarray:
    """A JPEG's bytes as BGR, shape (H, W, 3)."""
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def main(folder: Path) -> int:
    """Print what each split holds; returns the number of people."""
    people = 0
    for split in sorted(path for path in folder.iterdir() if path.is_dir()):
        shards = [str(path) for path in sorted(split.glob("*.tar"))]
        samples = (
            wds.WebDataset(shards, shardshuffle=False, empty_check=False)
            .decode(wds.handle_extension("jpg", decode_picture))
            .to_tuple("jpg", "json")
        )
        pictures = here = 0
        for picture, labels in samples:
            if picture.shape[:2] != (labels["image"]["height"], labels["image"]["width"]):
                raise SystemExit(
                    f"{labels['image']['file_name']}: the picture has another size than its label"
                )
            pictures += 1
            here += len(labels["annotations"])
        print(f"{split.name}: {len(shards)} shards, {pictures} pictures, {here} people")
        people += here
    return people


if __name__ == "__main__":
    main(Path(sys.argv[1]))
