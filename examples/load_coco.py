"""Read an export in COCO's layout with pycocotools, and join what is known beside the labels with pandas.

spineforge dataset export --run runs/demo --format coco --out coco
python examples/load_coco.py coco
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from pycocotools.coco import COCO


def with_extras(path: Path) -> pd.DataFrame:
    """The annotations of a label file, a row each by annotation id, with 3D, camera, spine and whose they are."""
    annotations = pd.DataFrame(json.loads(path.read_text())["annotations"]).set_index("id")
    extras = pd.read_parquet(path.with_suffix(".extras.parquet")).set_index("annotation_id")
    return annotations.join(extras.drop(columns="image_id"))


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
        if path.with_suffix(".extras.parquet").exists():
            table = with_extras(path)
            print(f"  with extras: {len(table.columns)} columns, {table.subject_id.nunique()} bodies")
        people += len(keypoints)
    return people


if __name__ == "__main__":
    main(Path(sys.argv[1]))
