"""Many inputs in one run, of which some are bad, done already, another process's, or of an earlier run. Nothing is read
but text."""

import csv
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from microexpr.apps import batch
from microexpr.core import outputs
from microexpr.core.errors import DataError, OutputError
from microexpr.core.store import write_csv
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


def run(items, out="out", settings="", force=False, read=lambda path: path.read_text(), progress=lambda *_: None):
    """Return the plan and its outcomes: what a file says is its table."""

    def output(path, item, read):
        return outputs.table(path, read, force, item.path)

    def label(item, name):
        return {"table": name, "input": item.name}

    def read_text(item):
        if (text := read(item.path)).endswith("bad.mp4"):
            raise DataError(f"{item.path}: is bad")
        return text

    def write(job, text, folder):
        (folder / job.output.names[0]).write_text(text)
        return [{"text": text}]

    def summarise(rows, folder):
        write_csv(folder / "summary.csv", COLUMNS, rows)

    plan = batch.plan("test", items, Path(out), ("summary.csv",), output, label, (), force, ".csv")
    return plan, [*batch.run(plan, settings, read_text, write, summarise, progress)]


def states(outcomes):
    return {outcome.job.name: outcome.state for outcome in outcomes}


def table(out="out"):
    with Path(out, "summary.csv").open(newline="") as file:
        return {row["input"]: row for row in csv.DictReader(file)}


def texts():
    return {name: row["text"] for name, row in table().items()}


def test_each_input_has_its_files_and_a_row_and_a_bad_one_stops_none(project):
    whole, outcomes = run(items())
    expected = {"P03/take.csv": "done", "a.csv": "done", "bad.csv": "failed", "c.csv": "done"}
    assert states(outcomes) == expected and Path("out/P03/take.csv").read_text() == "text of P03/take.mp4"
    rows = table()
    assert [*rows] == ["P03/take.mp4", "a.mp4", "bad.mp4", "c.mp4", "notes.txt"]
    assert rows["bad.mp4"]["problem"] == "videos/bad.mp4: is bad" and rows["notes.txt"]["left_out"] == "text"
    assert rows["a.mp4"] == dict(zip(COLUMNS, ("a.csv", "a.mp4", "text of a.mp4", "", ""), strict=True))
    assert {path.name for path in Path("out").glob("[!.]*")} == {"a.csv", "c.csv", "P03", "summary.csv"}
    assert not [*Path("out").rglob("*.lock")]
    assert batch.exit_code(whole, outcomes) == 1


def test_exit_codes(project):
    codes = {("a.mp4",): 0, ("a.mp4", "notes.txt"): 3, ("a.mp4", "bad.mp4"): 1, ("notes.txt",): 1}
    assert {names: batch.exit_code(*run(items(names))) for names in codes} == codes
    assert batch.exit_code(*run(items(["a.mp4"]))) == 0  # done before
    with outputs.claim(Path("out"), "c.csv"):
        assert batch.exit_code(*run(items(["c.mp4"]))) == 0  # another process's


def test_what_is_done_is_kept_until_its_input_or_settings_change(project):
    _, first = run(items())
    _, second = run(items())
    assert states(second) == {**dict.fromkeys(states(first), "done before"), "bad.csv": "failed"}
    assert second[1].rows == first[1].rows
    before = Path("out/summary.csv").read_bytes()
    Path("other").write_text("other")
    os.utime("other", ns=(1, 1))  # a copy that keeps its time may be older
    Path("other").replace("videos/a.mp4")
    assert states(run(items())[1])["a.csv"] == "done" and texts()["a.mp4"] == "other"
    assert Path("out/summary.csv").read_bytes() != before
    assert states(run(items(["c.mp4"]), settings="others")[1]) == {"c.csv": "done"}
    assert states(run(items(["c.mp4"]), settings="others", force=True)[1]) == {"c.csv": "done"}
    Path("out/c.csv").unlink()
    assert states(run(items(["c.mp4"]), settings="others")[1]) == {"c.csv": "done"}


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
    assert run(items(["a.mp4"]))[1][0].problem == "videos/a.mp4: is bad"
    run(items(["c.mp4"]))
    assert table()["a.mp4"]["problem"] == "videos/a.mp4: is bad" and texts()["a.mp4"] == ""
    Path("videos/a.mp4").write_text("text of a.mp4")
    assert states(run(items(["a.mp4"]))[1]) == {"a.csv": "done"} and table()["a.mp4"]["problem"] == ""


def test_files_of_others_and_of_another_input_are_refused(project):
    run(items(["a.mp4"]))
    Path("others").mkdir()
    Path("videos/a.mp4").rename("others/a.mp4")
    with pytest.raises(OutputError, match=r"a\.csv: must not be written: it is of .*videos/a\.mp4, not of .*others/a"):
        run(items(["a.mp4"], Path("others")))
    assert states(run(items(["a.mp4"], Path("others")), force=True)[1]) == {"a.csv": "done"}
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
    _, outcomes = run(items(names))
    assert next(iter(states(outcomes))) == r"bad\udcff.csv" and {*states(outcomes).values()} == {"done"}
    assert len(table()) == 3 and texts()[r"bad\udcff.mp4"] == "text"
    assert {*states(run(items(names))[1]).values()} == {"done before"}


def test_weights_that_cannot_be_read_end_the_run(project):
    def read(path):
        raise OutputError("disk full")

    with pytest.raises(OutputError, match="disk full"):
        run(items(), read=read)
    assert not Path("out").exists()


def worker(killed_at="", out="out", seconds=0.0):
    """Start a process that works through all inputs."""

    def read(path):
        time.sleep(seconds)
        if path.name == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return path.read_text()

    process = multiprocessing.get_context("fork").Process(target=run, args=(items(), out), kwargs={"read": read})
    process.start()
    return process


def test_a_killed_run_and_two_at_once_write_the_bytes_of_one(project):
    run(items(), "one")
    expected = {path.name: path.read_bytes() for path in Path("one").rglob("*.csv")}
    (killed := worker("c.mp4")).join()
    assert killed.exitcode == -signal.SIGKILL and not Path("out/summary.csv").exists()
    assert states(run(items())[1])["a.csv"] == "done before"
    processes = [worker(out="both", seconds=0.2), worker(out="both", seconds=0.2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    for out in ("out", "both"):
        assert {path.name: path.read_bytes() for path in Path(out).rglob("*.csv")} == expected
        assert not [path for path in Path(out).rglob(".microexpr-*")]


def test_two_runs_at_once_into_one_folder_lose_no_row(project):
    """The second ends first: what it knows is not of the first's input."""

    def progress(what, done, total):
        if done == 1 and not nested:
            nested.append(run(items(["c.mp4", "notes.txt"])))

    nested = []
    run(items(["a.mp4", "P03/take.mp4"]), progress=progress)
    assert nested and [*table()] == ["P03/take.mp4", "a.mp4", "c.mp4", "notes.txt"]
    with outputs.claim(Path("out"), "a.csv"):
        assert states(run(items(["a.mp4"]), settings="others")[1]) == {"a.csv": "claimed"}
    assert [*table()] == ["P03/take.mp4", "a.mp4", "c.mp4", "notes.txt"]
