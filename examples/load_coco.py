"""Read an export in COCO's layout with pycocotools.

spineforge dataset export --run runs/demo --format coco --out coco
python examples/load_coco.py coco
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pycocotools.coco import COCO


def main(folder: Path) -> int:
    """Print what each label file holds; returns the number of people."""
    people = 0
    for path in sorted((folder / "annotations").glob("*.json")):
        coco = COCO(str(path))
        names = coco.loadCats(coco.getCatIds())[0]["keypoints"]
        keypoints = [np.reshape(a["keypoints"], (-1, 3)) for a in coco.loadAnns(coco.getAnnIds())]
        missing = [
            i["file_name"]
            for i in coco.loadImgs(coco.getImgIds())
            if not (folder / "images" / i["file_name"]).exists()
        ]
        visible = np.mean([(k[:, 2] == 2).mean() for k in keypoints])
        print(
            f"{path.name}: {len(keypoints)} people, {len(names)} keypoints, {visible:.0%} of them visible, "
            f"{len(missing)} pictures missing"
        )
        people += len(keypoints)
    return people


if __name__ == "__main__":
    main(Path(sys.argv[1]))
