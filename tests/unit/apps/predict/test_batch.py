"""Many videos in one run, of which some are bad, done already, or another process's."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from simulated_prediction import prediction

from microexpr.apps import video_paths
from microexpr.apps.predict import Models, batch, written
from microexpr.apps.predict.recognition import SHIPPED
from microexpr.core import outputs
from microexpr.core.errors import DataError, OutputError
from microexpr.reporting import app_folders

NAMES = ("intervals.json", "prediction.html")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.load(None, Path())


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of two videos and a bad one; what is in them is simulated."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("a.avi", "bad.mp4", "c.avi", "notes.txt"):
        (folder / name).write_text(name)

    def open_footage(path: Path, fps: float | None) -> Path:
        if path.stem == "bad":
            raise DataError(f"{path}: is not a readable video")
        return path

    monkeypatch.setattr(batch, "open_footage", open_footage)
    monkeypatch.setattr(batch.predict, "predict", lambda path, models, progress: prediction(path.name))
    return folder


def run(
    paths: list[Path], out: Path, models: Models, force: bool = False, fps: float | None = None
) -> dict[str, tuple[bool, str]]:
    plan = batch.plan(paths, out, NAMES, [], force)

    def write(result, folder):
        (folder / NAMES[0]).write_text(json.dumps(written.to_document(result, models)))
        (folder / NAMES[1]).write_text("page")

    outcomes = list(batch.run(plan, models, SHIPPED, fps, write, lambda what, done, total: None))
    problems = {outcome.job.name: outcome.problem for outcome in outcomes if outcome.problem}
    problems = batch.problems_before(plan) | problems
    app_folders.write_predictions(plan, models, problems)
    return {outcome.job.name: (outcome.is_new, outcome.problem) for outcome in outcomes}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_video_has_a_folder_and_a_bad_one_stops_none(videos, models, tmp_path):
    out, bad = tmp_path / "out", f"{videos / 'bad.mp4'}: is not a readable video"
    assert run([videos], out, models) == {"a": (True, ""), "bad": (True, bad), "c": (True, "")}
    table = rows(out / "videos.csv")
    cells = [(row["video"], row["micro"], row["problem"]) for row in table]
    assert cells == [("a.avi", "2", ""), ("bad.mp4", "", bad), ("c.avi", "2", "")]
    intervals = rows(out / "intervals.csv")
    assert [row["video"] for row in intervals] == ["a.avi"] * 3 + ["c.avi"] * 3
    classes = [(row["class"], row["certainty"]) for row in intervals[:3]]
    assert classes == [("negative", "sure"), ("", ""), ("positive", "unsure")]
    page = (out / "index.html").read_text()
    assert 'href="a/prediction.html"' in page and bad in page and "4 micro-expressions" in page
    assert {path.name for path in out.glob("[!.]*")} == {"a", "c", "videos.csv", "intervals.csv", "index.html"}


def test_what_is_done_is_kept_until_its_video_changes(videos, models, tmp_path):
    out = tmp_path / "out"
    run([videos / "a.avi", videos / "c.avi"], out, models)
    before = (out / "intervals.csv").read_bytes()
    assert run([videos / "a.avi", videos / "c.avi"], out, models) == {"a": (False, ""), "c": (False, "")}
    assert (out / "intervals.csv").read_bytes() == before
    os.utime(videos / "a.avi", ns=(1, 1))  # a copy that keeps its time may be older
    assert run([videos / "a.avi", videos / "c.avi"], out, models) == {"a": (True, ""), "c": (False, "")}
    assert run([videos / "c.avi"], out, models, force=True) == {"c": (True, "")}
    assert run([videos / "c.avi"], out, models, fps=100) == {"c": (True, "")}
    assert run([videos / "c.avi"], out, models) == {"c": (True, "")}
    (tmp_path / "others").mkdir()
    other = shutil.copy2(videos / "c.avi", tmp_path / "others")  # of the same name
    assert run([Path(other)], out, models) == {"c": (True, "")}


def test_a_video_that_breaks_is_a_problem_although_its_folder_is_there(videos, models, tmp_path, monkeypatch):
    out = tmp_path / "out"
    run([videos / "a.avi", videos / "c.avi"], out, models)
    (videos / "a.avi").write_text("cut off")
    problem = f"{videos / 'a.avi'}: ends early"

    def open_footage(path: Path, fps: float | None) -> Path:
        raise DataError(problem)

    with monkeypatch.context() as patch:
        patch.setattr(batch, "open_footage", open_footage)
        assert run([videos / "a.avi", videos / "c.avi"], out, models)["a"] == (True, problem)
    assert [(row["video"], row["problem"]) for row in rows(out / "videos.csv")] == [("a.avi", problem), ("c.avi", "")]
    assert run([videos / "a.avi", videos / "c.avi"], out, models)["a"] == (True, "")
    assert not any(row["problem"] for row in rows(out / "videos.csv"))


def test_a_video_that_another_process_works_on_is_left_to_it(videos, models, tmp_path):
    out = tmp_path / "out"
    with outputs.claim(out, "a") as is_ours:
        assert is_ours
        assert run([videos / "a.avi", videos / "c.avi"], out, models) == {"a": (False, ""), "c": (True, "")}
    assert [row["video"] for row in rows(out / "videos.csv")] == ["c.avi"]
    assert run([videos / "a.avi", videos / "c.avi"], out, models) == {"a": (True, ""), "c": (False, "")}
    assert not list(out.glob(".*.lock"))


def test_two_videos_of_one_name_are_refused(videos, models, tmp_path):
    (videos / "a.mp4").touch()
    with pytest.raises(OutputError, match=r"a\.mp4: its folder would have the name a, as that of .*a\.avi"):
        run([videos], tmp_path / "out", models)


def test_paths_name_videos_folders_of_videos_and_of_frames(videos, tmp_path, monkeypatch):
    frames = tmp_path / "frames"
    frames.mkdir()
    (frames / "1.png").touch()
    monkeypatch.chdir(tmp_path)
    names = ["a.avi", "bad.mp4", "c.avi"]
    assert [path.name for path in video_paths.find([videos])] == names
    (videos / "cover.png").touch()
    mixed = [Path("videos/*"), videos, frames]
    assert [path.name for path in video_paths.find(mixed)] == [*names, *names, "frames"]
    assert [video_paths.is_many([path]) for path in (videos, frames, videos / "a.avi")] == [True, False, False]
    for wrong, message in ((Path("none.avi"), "none.avi: is not there"), (Path("videos/*.mkv"), "matches nothing")):
        with pytest.raises(DataError, match=message):
            video_paths.find([wrong])
