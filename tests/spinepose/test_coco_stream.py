"""COCO files an item at a time: what is read is what json reads, and a file is there whole or not at all."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinepose import coco_stream
from spinepose.coco_stream import CocoWriter, iter_annotations, iter_images, read_head
from spinepose.errors import InputError

CATEGORIES = [{"id": 1, "name": "person", "keypoints": ["nose"]}]
AWKWARD = [
    {"id": 1, "text": 'a "quoted" [bracket] \\ and }{'},
    {"id": 2, "segmentation": {"size": [3, 4], "counts": 'a\\"]}b'}, "polygons": [[1.5, 2], []]},
    {"id": 3, "nested": {"a": {"b": [{"c": None}]}}, "words": ["ä", "\u2028", "\\"]},
]


def document(**entries):
    return {"info": {"year": 2026}, "licenses": [], "categories": CATEGORIES, **entries}


def write(path, value, **options):
    path.write_text(json.dumps(value, **options), encoding="utf-8")
    return path


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
def test_items_equal_those_of_json_wherever_the_reads_fall(tmp_path, monkeypatch, chunk, indent):
    monkeypatch.setattr(coco_stream, "_CHUNK", chunk)
    images = [{"id": i, "file_name": f"{i}.jpg"} for i in range(5)]
    path = write(tmp_path / "a.json", document(annotations=AWKWARD, images=images), indent=indent)
    assert list(iter_annotations(path)) == AWKWARD
    assert list(iter_images(path)) == images
    head = read_head(path)
    assert (head.info, head.licenses, head.categories) == ({"year": 2026}, [], CATEGORIES)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(items=st.lists(st.dictionaries(st.text(), _JSON, max_size=4), max_size=6), ascii=st.booleans())
def test_any_json_objects_come_back_equal(tmp_path_factory, items, ascii):
    path = write(
        tmp_path_factory.mktemp("any") / "a.json",
        document(images=[], annotations=items, more=items),
        ensure_ascii=ascii,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coco_stream, "_CHUNK", 3)
        assert list(iter_annotations(path)) == json.loads(path.read_text("utf-8"))["annotations"]
        read_head(path)


def test_a_file_cut_off_anywhere_is_an_error(tmp_path):
    whole = json.dumps(document(images=[{"id": 1}], annotations=AWKWARD))
    path = tmp_path / "cut.json"
    for length in range(len(whole)):
        path.write_text(whole[:length], encoding="utf-8")
        with pytest.raises(InputError):
            read_head(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"images": [], "annotations": [{"id": 1} {"id": 2}], "categories": []}', "JSON"),
        ('{"images": [], "annotations": [{"id": 1},], "categories": []}', "JSON"),
        ('{"images": [], "annotations": [{"id": 1}}, "categories": []}', "list should end"),
        ('{"images": [], "annotations": [{"id": 1]], "categories": []}', "JSON"),
        ('{"images": [], "annotations": [{"id": 1}, 7], "categories": []}', "no object"),
        ('{"images": [], "annotations": {"id": 1}, "categories": []}', "list"),
        ('{"images": [], "categories": []}', "annotations"),
        ('{"annotations": [{"id": 1, "more": [1, 2, 3]}  ,  ]}', "JSON"),
        ("[]", "JSON"),
        ("", "cut off"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 5, 1 << 20])
def test_what_is_no_coco_file_is_refused_with_the_reason(tmp_path, monkeypatch, chunk, text, words):
    monkeypatch.setattr(coco_stream, "_CHUNK", chunk)
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        list(iter_annotations(path))


@pytest.mark.parametrize(
    "text",
    [
        '{"images": [], "annotations": [], "categories": []} x',
        '{"images": [], "images": [], "annotations": [], "categories": []}',
        '{"images": [], "annotations": [], "categories": [], }',
        '{"images": [], "annotations": []}',
        '{"images": [], "annotations": [], "categories": {}  }, "info": 3',
    ],
)
def test_the_head_refuses_what_json_refuses(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_head(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: no such label file"):
        list(iter_images(tmp_path / "none.json"))


def test_a_number_that_is_none_reaches_the_caller(tmp_path):
    path = tmp_path / "nan.json"
    path.write_text('{"images": [], "annotations": [{"id": 7, "area": NaN}], "categories": []}')
    (item,) = iter_annotations(path)
    assert item["id"] == 7
    assert math.isnan(item["area"])


def test_written_in_any_order_read_back_equal(tmp_path):
    path = tmp_path / "new" / "out.json"
    with CocoWriter(path, info={"a": 1}, licenses=[{"id": 1}], categories=CATEGORIES) as writer:
        for i in range(3):
            writer.add_annotation(AWKWARD[i])
            writer.add_image({"id": i})
        assert not path.exists()
        assert (writer.images, writer.annotations) == (3, 3)
    assert json.loads(path.read_text("utf-8")) == {
        "info": {"a": 1},
        "licenses": [{"id": 1}],
        "categories": CATEGORIES,
        "images": [{"id": i} for i in range(3)],
        "annotations": AWKWARD,
    }
    assert [p.name for p in path.parent.iterdir()] == ["out.json"]


def test_an_error_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("before")

    def write_two():
        with CocoWriter(path, info={}, licenses=[], categories=[]) as writer:
            writer.add_annotation({"id": 1, "gap": None})
            writer.add_annotation({"id": 2, "area": float("nan")})

    with pytest.raises(ValueError, match="JSON"):
        write_two()
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_an_empty_file_is_still_coco(tmp_path):
    path = tmp_path / "empty.json"
    with CocoWriter(path, info={}, licenses=[], categories=[]):
        pass
    assert json.loads(path.read_text()) == {
        "info": {},
        "licenses": [],
        "categories": [],
        "images": [],
        "annotations": [],
    }
    assert list(iter_annotations(path)) == []
    assert read_head(path).categories == []
