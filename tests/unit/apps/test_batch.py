"""Test many inputs in one run, of which some are bad, done already, or of an earlier run. All are texts."""

import csv
import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from microexpr.apps import batch
from microexpr.core import outputs
from microexpr.core.errors import DataError, OutputError
from microexpr.videos.search import Item

COLUMNS = ("table", "input", "text", "problem", "left_out")
NAMES = ("a.mp4", "bad.mp4", "c.mp4", "P03/take.mp4", "notes.txt")


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        path = Path("videos") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}")
    return tmp_path


def items(names=NAMES, base=Path("videos")):
    reasons = {name: "text" if name.endswith(".txt") else "" for name in names}
    return [Item(base / name, "other" if reason else "video", reason, base) for name, reason in reasons.items()]


def run(items, out="out", settings="", force=False, read=lambda path: path.read_text()):
    """Return the plan after its run: the text of a file is its table."""

    def label(item, name):
        return {"table": name, "input": item.name}

    def read_text(item):
        if (text := read(item.path)).endswith("bad.mp4"):
            raise DataError(f"{item.path}: is bad")
        return text

    def write(job, text, folder):
        (folder / job.output.names[0]).write_text(text)
        return [{"text": text}]

    def start(*_):
        return batch.Work(settings, read_text, write)

    names = ["summary.csv"]
    plan = batch.plan("test", items, Path(out), names, COLUMNS, outputs.table, label, start, (), force, ".csv")
    assert [job for job, _ in plan.run(lambda *_: None)] == plan.jobs
    return plan


def states(plan):
    return {job.name: job.state for job in plan.jobs}


def table(out="out"):
    with Path(out, "summary.csv").open(newline="") as file:
        return {row["input"]: row for row in csv.DictReader(file)}


def texts():
    return {name: row["text"] for name, row in table().items()}


def test_each_input_has_its_files_and_a_row_and_a_bad_one_stops_none(project):
    plan = run(items())
    expected = {"P03/take.csv": "done", "a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    assert states(plan) == expected and Path("out/P03/take.csv").read_text() == "text of P03/take.mp4"
    rows = table()
    assert [*rows] == ["P03/take.mp4", "a.mp4", "bad.mp4", "c.mp4", "notes.txt"]
    assert rows["bad.mp4"]["problem"] == "videos/bad.mp4: is bad" and rows["notes.txt"]["left_out"] == "text"
    assert rows["a.mp4"] == dict(zip(COLUMNS, ("a.csv", "a.mp4", "text of a.mp4", "", ""), strict=True))
    assert {path.name for path in Path("out").glob("[!.]*")} == {"a.csv", "c.csv", "P03", "summary.csv"}
    assert not [*Path("out").rglob(f"*{outputs.PART}")]


def test_exit_codes(project):
    codes = {("a.mp4",): 0, ("a.mp4", "notes.txt"): 3, ("a.mp4", "bad.mp4"): 1, ("notes.txt",): 1}
    assert {names: run(items(names)).exit_code() for names in codes} == codes
    assert run(items(["a.mp4"])).exit_code() == 0  # done before


def test_what_is_done_is_kept_until_its_input_or_settings_change(project):
    first, second = run(items()), run(items())
    assert states(second) == {**dict.fromkeys(states(first), "done before"), "bad.csv": "failed"}
    assert second.jobs[1].rows == first.jobs[1].rows
    before = Path("out/summary.csv").read_bytes()
    Path("other").write_text("other")
    os.utime("other", ns=(1, 1))  # a copy that keeps its time may be older
    Path("other").replace("videos/a.mp4")
    assert states(run(items()))["a.csv"] == "done" and texts()["a.mp4"] == "other"
    assert Path("out/summary.csv").read_bytes() != before
    for force in (False, True):
        assert states(run(items(["c.mp4"]), settings="others", force=force)) == {"c.csv": "done"}
    Path("out/c.csv").unlink()
    assert states(run(items(["c.mp4"]), settings="others")) == {"c.csv": "done"}


def test_rows_of_other_runs_stay_while_they_hold(project):
    run(items())
    whole = table()
    Path("videos/d.mp4").write_text("text of d.mp4")
    run(items(["d.mp4"]))
    assert table() == whole | {"d.mp4": table()["d.mp4"]}
    Path("videos/notes.txt").unlink()
    Path("videos/bad.mp4").write_text("good now")
    Path("out/c.csv").unlink()
    run(items(["bad.mp4"]))
    assert texts() == {"P03/take.mp4": "text of P03/take.mp4", "a.mp4": "text of a.mp4", "bad.mp4": "good now",
                       "d.mp4": "text of d.mp4"}  # fmt: skip


def test_an_input_that_breaks_is_a_problem_although_its_files_are_there(project):
    run(items())
    Path("videos/a.mp4").write_text("bad.mp4")
    assert run(items(["a.mp4"])).jobs[0].problem == "videos/a.mp4: is bad"
    run(items(["c.mp4"]))
    assert table()["a.mp4"]["problem"] == "videos/a.mp4: is bad" and texts()["a.mp4"] == ""
    Path("videos/a.mp4").write_text("text of it")
    assert states(run(items(["a.mp4"]))) == {"a.csv": "done"} and table()["a.mp4"]["problem"] == ""


def test_files_of_others_and_of_another_input_are_refused(project):
    run(items(["a.mp4"]))
    Path("others").mkdir()
    Path("videos/a.mp4").rename("others/a.mp4")
    with pytest.raises(OutputError, match=r"a\.csv: must not be written: it is of .*videos/a\.mp4, not of .*others/a"):
        run(items(["a.mp4"], Path("others")))
    assert states(run(items(["a.mp4"], Path("others")), force=True)) == {"a.csv": "done"}
    Path("out/c.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"out/c\.csv: must not be written: it is not a file of this command's"):
        run(items(["c.mp4"]))


def test_names_that_collide_have_their_endings(project):
    collide, alone = ("P01.mp4", "P01.ts", "p01.avi", "summary.mp4"), ("P02.mp4", "P03/take.mp4", "take.mp4")
    named = batch.name_outputs(items((*collide, *alone)), ".csv", ["summary.csv"])
    expected = {name: f"{name}.csv" for name in collide} | {name: name.replace(".mp4", ".csv") for name in alone}
    assert {item.name: name for item, name in named} == expected
    twice = [*items(["a.mp4"]), *items(["a.mp4"], Path("others"))]
    with pytest.raises(OutputError, match=r"others/a\.mp4: its files would have the name a\.mp4, as those of videos/a"):
        [*batch.name_outputs(twice, "", ())]


def test_names_that_are_not_utf8_or_too_long(project):
    names = [os.fsdecode(b"bad\xff.mp4"), os.fsdecode(b"\xff" * 200 + b".mp4"), os.fsdecode(b"\xff" * 201 + b".mp4")]
    for name in names:
        (Path("videos") / name).write_text("text")
    plan = run(items(names))
    assert plan.jobs[0].name == r"bad\udcff.csv" and {*states(plan).values()} == {"done"}
    assert len(table()) == 3 and texts()[r"bad\udcff.mp4"] == "text"
    assert {*states(run(items(names))).values()} == {"done before"}


def test_weights_that_cannot_be_read_end_the_run(project):
    def read(path):
        raise OutputError("disk full")

    with pytest.raises(OutputError, match="disk full"):
        run(items(), read=read)
    assert not Path("out").exists()


def test_a_killed_run_is_continued_and_writes_the_bytes_of_one(project):
    def read(path):
        return os.kill(os.getpid(), signal.SIGKILL) if path.name == "c.mp4" else path.read_text()

    run(items(), "one")
    expected = {path.name: path.read_bytes() for path in Path("one").rglob("*.csv")}
    context = multiprocessing.get_context("fork")
    (killed := context.Process(target=run, args=(items(),), kwargs={"read": read})).start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL and [*Path("out").rglob(f"*{outputs.PART}")]
    assert not Path("out/summary.csv").exists()
    finished = {"P03/take.csv": "done", "a.csv": "done before", "bad.csv": "failed", "c.csv": "done"}
    assert states(run(items())) == finished
    assert {path.name: path.read_bytes() for path in Path("out").rglob("*.csv")} == expected
    assert not [*Path("out").rglob(f"*{outputs.PART}")]


def test_a_second_run_into_the_same_folder_is_refused(project):
    def read(path):
        with pytest.raises(OutputError, match=r"^out: must not be written by two processes, and another one writes it"):
            run(items(["c.mp4"]))
        return path.read_text()

    assert states(run(items(["a.mp4"]), read=read)) == {"a.csv": "done"}
    assert [*table()] == ["a.mp4"]


@pytest.mark.parametrize(
    "changes",
    [
        *({"entries": value} for value in (5, "text", [5], [{}], [{"name": 1, "input": [], "manifest": 2, "rows": 3}])),
        {"entries": [{"name": "x", "input": "videos/a.mp4", "manifest": None, "rows": [{"other": 1}]}]},
        {"entries": [{"name": "x", "input": "/", "manifest": ["..", "other.csv"], "rows": [{"text": "x"}]}]},
        {"entries": [{"name": "x", "input": "/", "manifest": ["sub", "./../secret"], "rows": [{"text": "x"}]}]},
        {"entries": [{"name": "x", "input": "\0", "manifest": ["\0", "\0"], "rows": [{"text": [1, {}]}]}]},
        *({"rows": value} for value in (5, "text", [5], [{"other": 1}], None)),
    ],
)
def test_a_manifest_from_elsewhere_with_other_kinds_of_values_is_passed_over(project, changes):
    with outputs.publish(outputs.table(Path("other.csv"), (), False)) as part:
        (part / "other.csv").write_text("of the folder above")
    run(items(["a.mp4"]))
    expected = Path("out/summary.csv").read_text()
    name = "test-summary" if "entries" in changes else "a.csv"
    path = Path(f"out/.{name}.microexpr.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"record": content["record"] | changes}))
    run(items(["a.mp4"]))
    assert Path("out/summary.csv").read_text() == expected
