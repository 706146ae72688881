"""Tables and page of many videos; what is in them is written down."""

import csv
import json
from pathlib import Path

import pytest

from microexpr.api import each_input
from microexpr.apps import predict
from microexpr.apps.predict import written
from microexpr.core.errors import DataError, StoreError
from microexpr.videos.search import A_PICTURE, Item

TIMES = {"onset": 4, "apex": 6, "offset": 9, "onset_seconds": 0.4, "apex_seconds": 0.6, "offset_seconds": 0.9}
CLASSES = {"negative": 0.9, "positive": 0.06, "surprise": 0.04}
MICRO = {
    "kind": "micro", **TIMES, "score": 9.0, "class": "negative", "classes": CLASSES, "certainty": "sure",
    "reasons": [], "regions": {}, "action_units": {"AU4L": 0.5},
}  # fmt: skip
BLINK = MICRO | {"kind": "blink", "class": "", "classes": {}, "certainty": ""}
DOCUMENT = {
    "frames": 60, "fps": 30.0, "origin": "generated", "warnings": ["the video is grey", "dark"],
    "intervals": [MICRO, BLINK],
}  # fmt: skip


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A function that plans videos and a picture, of which one cannot be read."""

    def read(scan, models, progress):
        if scan.stem == "bad":
            raise DataError(f"{scan}: is not a readable video")
        return scan

    def write(folder, result, models, truth, progress):
        for name in each_input.PREDICTED:
            (folder / name).write_text(json.dumps(DOCUMENT) if name == "intervals.json" else "")

    monkeypatch.setattr("microexpr.videos.Scan", lambda path, fps: path)
    monkeypatch.setattr(predict, "predict", read)
    monkeypatch.setattr(each_input, "write_prediction", write)
    monkeypatch.setattr(written, "to_document", lambda result, models: DOCUMENT)
    names = {"P03/take.mp4": "video", "a<b>.mts": "video", "bad.mp4": "video", "cover.png": "picture"}
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    items = [
        Item(tmp_path / name, kind, A_PICTURE if kind == "picture" else "", tmp_path) for name, kind in names.items()
    ]
    return lambda: each_input.plan_predictions(items, tmp_path / "out", None, Path(), None, force=False)


def test_predictions_have_tables_and_a_page_of_all(tmp_path, plan):
    out = tmp_path / "out"
    states = [job.state for job, _ in plan().run(lambda *_: None)]
    assert states == ["done", "done", "failed"]
    table = rows(out / "videos.csv")
    assert [(row["video"], row["folder"], row["micro"], row["warnings"]) for row in table] == [
        ("P03/take.mp4", "P03/take", "1", "the video is grey; dark"),
        ("a<b>.mts", "a<b>", "1", "the video is grey; dark"),
        ("bad.mp4", "bad", "", ""),
        ("cover.png", "", "", ""),
    ]
    assert [row["problem"].endswith("bad.mp4: is not a readable video") for row in table] == [False, False, True, False]
    assert table[3]["left_out"] == A_PICTURE
    intervals = [(row["video"], row["kind"], row["class"]) for row in rows(out / "intervals.csv")]
    assert intervals == [(name, *what) for name in ("P03/take.mp4", "a<b>.mts")
                         for what in (("micro", "negative"), ("blink", ""))]  # fmt: skip
    page = (out / "index.html").read_text()
    assert 'href="P03/take/prediction.html"' in page and 'href="a%3Cb%3E/prediction.html"' in page
    assert "2 micro-expressions" in page and "1 could not be read" in page and f"cover.png: {A_PICTURE}" in page
    assert "a&lt;b&gt;.mts" in page and "the video is grey; dark" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"folder": "../up"}, r"up/intervals.json is elsewhere"),
        ({"fps": 0}, "division by zero"),
        ({"frames": 10**400}, "too large"),
    ],
)
def test_rows_of_earlier_runs_from_elsewhere_are_an_error_of_one_line(tmp_path, plan, change, message):
    for _ in plan().run(lambda *_: None):
        pass
    (tmp_path / "up").mkdir()
    (tmp_path / "up/intervals.json").write_text(json.dumps(DOCUMENT))
    path = tmp_path / "out/P03/take/.predict.microexpr.json"
    content = json.loads(path.read_text())
    content["record"]["rows"][0] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=message):
        [*plan().run(lambda *_: None)]
