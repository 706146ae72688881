"""Small faults planted in src, one at a time: which tests of `make test` catch them?

    python studies/mutants.py                             # fifty faults, in this checkout
    python studies/mutants.py --against COMMIT            # the same fifty in both, for a change of tests
    python studies/mutants.py --density 10 src/microexpr/signals --tests tests/unit/signals
                                                          # a fault every ten lines, with all tests that catch it

A fault is an operator, a constant or a comparison that is another one. Which are planted is drawn by a hash of the
statement, so that the same stand in two commits that both have it. The tests run once without a fault, to learn which
functions each calls, in subprocesses too; with a fault, only those run that call its function, cheap ones first, and
the first that fails, and fails again by itself, ends it. With --density none ends it, and the last lines name the tests
without which all faults are still caught. What is known is kept in --out, and a second call goes on.
"""

import argparse
import ast
import copy
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from types import CodeType, FrameType
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CALLS = "MICROEXPR_CALLS"  # environment: the folder where processes write which functions they call
CURRENT = "PYTEST_CURRENT_TEST"  # environment: pytest writes the test that runs; here also a fixture of several tests
FIXTURE = "fixture "  # before its name
SITE = f"import os\nif {CURRENT!r} in os.environ:\n    import mutants\n"  # sitecustomize.py of subprocesses
WORKERS = 2
ENDLESS = "no end within"  # in place of a test's name
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
PYTEST = ["-q", "--no-header", "-p", "no:cacheprovider", "-p", "mutants", "-m", "not slow"]


class Fault(NamedTuple):
    path: str  # of the file, from the root
    function: int  # first line of the function that has it
    line: int
    column: int
    old: str  # the expression, as the file has it
    new: str
    key: str  # digest of file, statement and place in it: the same in every commit that has the statement


class Test(NamedTuple):
    """A test without a fault."""

    name: str
    seconds: float
    calls: frozenset[tuple[str, int]]  # files and first lines of functions


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=["src"], help="files or folders with the faults, default src")
    parser.add_argument("--tests", nargs="*", default=["tests"], help="files or folders of tests, default all")
    parser.add_argument("--faults", type=int, default=50, help="how many, default 50")
    parser.add_argument("--density", type=int, metavar="LINES", help="a fault for so many lines of each file instead")
    parser.add_argument("--against", help="a commit whose tests are measured too, by the faults that both can have")
    parser.add_argument("--out", type=Path, default=Path("work/mutants.csv"), help="what is known; %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microexpr-mutants-") as folder:
        Path(folder).chmod(0o755)  # some tests run as nobody
        commits = [name for name in ("HEAD", arguments.against) if name]
        roots = {name: [Path(folder) / f"{name}{n}" for n in range(WORKERS)] for name in commits}
        for name, root in ((name, root) for name, trees in roots.items() for root in trees):  # tests may change them
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
            subprocess.run(["git", "-C", str(root), "checkout", "--quiet", name], check=True)
        possible = {name: faults(trees[0], arguments.files) for name, trees in roots.items()}
        common = set.intersection(*({fault.key for fault in faults} for faults in possible.values()))
        for name, trees in roots.items():
            chosen = [fault for fault in possible[name] if fault.key in common]
            dense_faults = dense(trees[0], chosen, arguments.density) if arguments.density else ()
            chosen = list(dense_faults) or chosen[: arguments.faults]
            tests = calls(trees, arguments.tests, Path(folder) / f"{name}-calls")
            selection = " ".join([*arguments.tests, *["all that fail"] * bool(arguments.density)])
            caught = measure(trees, chosen, tests, arguments.out, selection, all_of_them=bool(arguments.density))
            endless = sum(bool(names) and names[0].startswith(ENDLESS) for names in caught.values())
            count = sum(map(bool, caught.values()))
            print(f"{name}: {count} of {len(chosen)} are caught, {endless} by a run without end")
            if arguments.density:
                report(caught, tests)
    return 0


def faults(root: Path, files: list[str]) -> list[Fault]:
    """Return every fault that can be planted in functions of files or folders, by their keys."""
    possible = []
    starts = (root / name for name in files)
    paths = {file for start in starts for file in (start.rglob("*.py") if start.is_dir() else [start])}
    for file in sorted(paths):
        path, source = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        for function in functions:  # an inner function comes after the one around it, and replaces it
            first = min(node.lineno for node in [function, *function.decorator_list])
            for statement in function.body:
                text = ast.unparse(statement)
                for number, (node, changed) in enumerate(_changes(statement)):
                    old = ast.get_source_segment(source, node) or ""
                    key = hashlib.sha256(f"{path} {text} {number}".encode()).hexdigest()
                    if "\n" not in old:
                        new = f"({ast.unparse(changed)})"
                        possible.append(Fault(path, first, node.lineno, node.col_offset, old, new, key))
    innermost = {(fault.path, fault.line, fault.column, fault.new): fault for fault in possible}
    return sorted({fault.key: fault for fault in innermost.values()}.values(), key=lambda fault: fault.key)


def dense(root: Path, possible: list[Fault], lines: int) -> Iterator[Fault]:
    """Yield so many faults of each file that there is one for a number of its lines."""
    for path in sorted({fault.path for fault in possible}):
        count = -(-len((root / path).read_text(encoding="utf-8").splitlines()) // lines)
        yield from [fault for fault in possible if fault.path == path][:count]


def _changes(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield expressions of a statement, each with what a fault makes of it; none in f-strings."""
    # Python 3.11 misplaces the contents of f-strings
    formatted = {part for node in ast.walk(statement) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in (node for node in ast.walk(statement) if node not in formatted):
        changed = copy.deepcopy(node)
        if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OPERATORS:
            changed.op = OPERATORS[type(node.op)]()  # type: ignore[union-attr]
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
            changed.ops[0] = OPERATORS[type(node.ops[0])]()  # type: ignore[union-attr]
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
            changed.value = not node.value if type(node.value) is bool else node.value + 1  # type: ignore[union-attr]
        else:
            continue
        yield node, changed  # type: ignore[misc]


def calls(roots: list[Path], tests: list[str], folder: Path) -> list[Test]:
    """Run tests without a fault, and return each with its time and the functions that it calls, cheap ones first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    added = {CALLS: str(folder), "PYTHONPATH": f"{folder}:{Path(__file__).parent}:{roots[0] / 'src'}"}
    command = [sys.executable, "-m", "pytest", *PYTEST, "-n", str(WORKERS), "--dist", "loadfile", *tests]
    done = subprocess.run(command, cwd=roots[0], env=os.environ | added, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"tests fail without a fault: {done.stdout[-3000:]}{done.stderr[-2000:]}")
    rows = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    called: dict[str, set[tuple[str, int]]] = {}  # by test, or by fixture, which may be of several files
    for by, path, first in (row for row in rows if len(row) == 3):
        called.setdefault(by, set()).add((path, first))
    results = []
    for name, seconds, fixtures, _ in (row for row in rows if len(row) == 4):
        of_fixtures = [called.get(FIXTURE + fixture, ()) for fixture in fixtures]
        results.append(Test(name, seconds, frozenset(called.get(name, set()).union(*of_fixtures))))
    return sorted(results, key=lambda test: (round(test.seconds, 1), test.name))


def measure(
    roots: list[Path], planted: list[Fault], tests: list[Test], out: Path, selection: str, all_of_them: bool
) -> dict[str, list[str]]:
    """Return the tests that catch each fault; what `out` knows is not run again, what is new is added.

    It knows the results of a commit and a `selection` of tests."""
    command = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(command, cwd=roots[0], text=True, capture_output=True, check=True).stdout.strip()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.touch()
    rows = csv.reader(out.open(encoding="utf-8"))
    results = {row[2]: row[7:] for row in rows if row[:2] == [commit, selection]}
    free: Queue[Path] = Queue()
    for root in roots:
        free.put(root)
    lock = threading.Lock()

    def one(fault: Fault) -> list[str]:
        if fault.key not in results:
            root = free.get()
            try:
                covering = [test for test in tests if (fault.path, fault.function) in test.calls]
                caught = _catch(root, fault, covering, all_of_them)
            finally:
                free.put(root)
            with lock, out.open("a", encoding="utf-8", newline="") as file:
                about = [fault.key, fault.path, fault.line, fault.old, fault.new]
                csv.writer(file).writerow([commit, selection, *about, *caught])
            results[fault.key] = caught
        caught = results[fault.key]
        text = caught[0] + (f" and {len(caught) - 1} more" if caught[1:] else "") if caught else "NOT CAUGHT"
        print(f"{fault.path}:{fault.line}: {fault.old} -> {fault.new}: {text}", flush=True)
        return caught

    with ThreadPoolExecutor(len(roots)) as pool:
        return {fault.key: caught for fault, caught in zip(planted, pool.map(one, planted), strict=True)}


def report(caught: dict[str, list[str]], tests: list[Test]) -> None:
    """Print the functions of tests without which the same faults are caught, those first that catch least."""
    killers = {key: {test.split("[")[0] for test in names} for key, names in caught.items() if names}
    functions = {test.name.split("[")[0] for test in tests}
    weight = {name: sum(name in names for names in killers.values()) for name in functions}
    needed = set(functions)
    for name in sorted(functions, key=lambda name: (weight[name], name)):
        if all(names & (needed - {name}) for names in killers.values()):
            needed.discard(name)
    print(f"{len(needed)} of {len(functions)} test functions catch as many; not needed (with the faults caught):")
    for name in sorted(functions - needed):
        print(f"  {weight[name]:4d} {name}")


def _catch(root: Path, fault: Fault, covering: list[Test], all_of_them: bool) -> list[str]:
    """Plant a fault in a checkout for a while, and return the tests that fail: the first, or all."""
    file = root / fault.path
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    line = lines[fault.line - 1].encode()  # columns are counted in bytes
    end = fault.column + len(fault.old.encode())
    lines[fault.line - 1] = (line[: fault.column] + fault.new.encode() + line[end:]).decode()
    file.write_text("".join(lines), encoding="utf-8")
    try:
        left = covering
        while left:
            failed = _failures(root, left, first=not all_of_them)
            if all_of_them or not failed or failed[0].startswith(ENDLESS):
                return failed
            if _failures(root, [test for test in left if test.name == failed[0]], first=True):
                return failed
            left = [test for test in left if test.name != failed[0]]  # it failed, but not by itself
        return []
    finally:
        file.write_text(source, encoding="utf-8")


def _failures(root: Path, tests: list[Test], first: bool) -> list[str]:
    """Run tests in a checkout, and return the first that fails, or all; of a run without an end just that."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as names:
        names.write("\n".join(test.name for test in tests))
        names.flush()
        options = [*PYTEST, "--assert=plain", "--tb=no", *["-x"] * first, f"@{names.name}"]
        command = [sys.executable, "-m", "pytest", *options]
        environment = os.environ | {"PYTHONPATH": f"{Path(__file__).parent}:{root / 'src'}"}
        limit = 60 + 4 * sum(test.seconds for test in tests)
        try:
            done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return [f"{ENDLESS} {limit:.0f} s"]
    if done.returncode in (0, 5):  # 5: there are none
        return []
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if not failed:
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed


# the plugin of pytest with which `calls` runs the tests; their subprocesses import it too


class Recorder:
    """Writes the functions of the project that are called, each when a test or a fixture first calls it."""

    def __init__(self, folder: Path) -> None:
        self.called: set[CodeType] = set()
        self.file = (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8", buffering=1)  # it may be killed
        threading.setprofile(self)  # a script notices `settrace`, and would run without its server
        sys.setprofile(self)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code not in self.called:
            self.called.add(code)
            for folder in ("src/microexpr/", "workflow/"):
                _, package, path = code.co_filename.rpartition(f"/{folder}")
                if package and "/tests/" not in code.co_filename:
                    by = os.environ.get(CURRENT, "").rsplit(" (", 1)[0]
                    self.write(by, f"{folder}{path}", code.co_firstlineno)

    def write(self, *row: object) -> None:
        self.file.write(json.dumps(row) + "\n")

    @contextmanager
    def separately(self) -> Iterator[None]:
        """Write again what is called here."""
        before, self.called = self.called, set()
        yield
        self.called = before


if __name__ == "mutants":
    import hypothesis
    import pytest

    @pytest.hookimpl(trylast=True)
    def pytest_configure() -> None:
        """Let hypothesis not look for the smallest example that fails, for minutes."""
        phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
        hypothesis.settings.register_profile("first", parent=hypothesis.settings(), phases=phases)
        hypothesis.settings.load_profile("first")


if __name__ == "mutants" and CALLS in os.environ:
    recorder = Recorder(Path(os.environ[CALLS]))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(item: "pytest.Item") -> Generator[None, object, object]:
        start = time.perf_counter()
        sys.setprofile(recorder)
        with recorder.separately():
            outcome = yield
        recorder.write(item.nodeid, round(time.perf_counter() - start, 2), item.fixturenames, "test")  # type: ignore[attr-defined]
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        fixturedef: "pytest.FixtureDef", request: "pytest.FixtureRequest"
    ) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        with recorder.separately(), pytest.MonkeyPatch.context() as patch:
            patch.setenv(CURRENT, f"{FIXTURE}{fixturedef.argname} (setup)")  # subprocesses take it over
            return (yield)


if __name__ == "__main__":
    sys.exit(main())
