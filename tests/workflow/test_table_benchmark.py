"""The budget of a clean clone: stages of several commits side by side, the rest, and what a command took in all."""

import subprocess
import sys
from collections import Counter

from scratch import ROOT

import table as benchmark


def test_stages_are_in_order_of_the_first_run_and_the_rest_adds_up():
    runs = [
        benchmark.Run("aaa", 0.0, 368.4, 702.0, Counter(train=363.2, render=117.0)),
        benchmark.Run("bbb", 14.6, 241.0, 480.0, Counter(render=60.4, train=260.0, index=1.0)),
    ]
    assert benchmark.table(runs).splitlines() == [
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
    before = benchmark.core_seconds()
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    assert 0.29 < benchmark.core_seconds() - before < 5


def test_the_index_names_every_file():
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert f"| `{path.name}` |" in text and f"python benchmarks/{path.name}" in text
