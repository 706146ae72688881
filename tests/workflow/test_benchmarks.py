"""The budget of a clean clone, stages of several commits side by side and the rest; the times of a run."""

import subprocess
import sys
from collections import Counter

import pages
import times
from scratch import ROOT

import table as benchmark
from microexpr.core import store


def test_stages_are_in_order_of_the_first_run_and_the_rest_adds_up():
    runs = [
        benchmark.Run("aaa", 0.0, 368.4, 702.0, Counter(train=363.2, render=117.0)),
        benchmark.Run("bbb", 14.6, 241.0, 480.0, Counter(render=60.4, train=260.0, index=1.0)),
    ]
    assert benchmark.table(runs).lines == [
        "| seconds of jobs | commit aaa | commit bbb |",
        "| --- | --- | --- |",
        "| train | 363 | 260 |",
        "| render | 117 | 60 |",
        "| index | 0 | 1 |",
        "| the rest | 222 | 159 |",
        "| core-seconds of all | 702 | 480 |",
        "| from start to end | 6 min 08 s | 4 min 01 s |",
        "| before, core-seconds of compiling | 0 | 15 |",
    ]


def test_core_seconds_are_of_processes_that_were_waited_for():
    before = pages.core_seconds()
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    assert 0.29 < pages.core_seconds() - before < 5


def test_the_index_names_every_file():
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert f"| `{path.name}` |" in text and f"python benchmarks/{path.name}" in text


def test_shares_are_of_all_core_seconds_shown(tmp_path):
    """Files of 10 s and 5 s of two methods, 5 s of faces, and 1 s each of two jobs of precomputed flow."""
    files = {"train/ststnet/megc2019/1of1": 10, "train/icegan/megc2019/1of1": 5, "faces/smic/s01": 5}
    files |= {"flow_folders/train/hoof/flow_folders_both/1of1": 1, "flow_folders/population": 1}
    for name, seconds in files.items():
        store.write_text(tmp_path / f"{name}.tsv", f"s\tcpu_time\tmax_rss\n{seconds}\t{seconds - 1}\t{seconds * 10}\n")
    columns = [list(column.cells) for column in times.table(times.read(tmp_path)).columns]
    assert [row for row in zip(*columns, strict=True)] == [
        ("faces", "1", "4.0", "5.0", "24%", "50"),
        ("flow_folders/population", "1", "0.0", "1.0", "0%", "10"),
        ("flow_folders/train", "1", "0.0", "1.0", "0%", "10"),
        ("  hoof", "1", "0.0", "1.0", "0%", "10"),
        ("train", "2", "13.0", "15.0", "76%", "100"),
        ("  icegan", "1", "4.0", "5.0", "24%", "50"),
        ("  ststnet", "1", "9.0", "10.0", "53%", "100"),
        ("all", "5", "17.0", "22.0", "100%", "100"),
    ]
