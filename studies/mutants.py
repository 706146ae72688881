"""Small faults planted in src, one at a time: how many do the tests of `make test` catch?

    python studies/mutants.py                          # fifty, of this checkout
    python studies/mutants.py --against COMMIT         # the same fifty in both, for a change of tests
    python studies/mutants.py --faults 20 --first 50   # other ones

A fault is an operator, a constant or a comparison that is another one. Which are planted is drawn by a hash of the
statement, so that the same stand in two commits that both have it. The tests that mirror a file come first, then all
others; the first that fails ends a fault. Hours: a fault that nothing catches takes as long as `make test`. What is
known is kept in --out, and a second call goes on. A failure counts if it shows by itself too.
"""

import argparse
import ast
import copy
import csv
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
TESTS = ["-q", "-x", "--no-header", "-p", "no:cacheprovider", "-m", "not slow", "-n", "2", "--dist", "loadfile"]


class Fault(NamedTuple):
    path: str  # of the file, from the root
    line: int
    column: int
    old: str  # the expression, as the file has it
    new: str
    key: str  # digest of file, statement and place in it: the same in every commit that has the statement


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=50, help="how many, default 50")
    parser.add_argument("--first", type=int, default=0, help="the first in the order of their digests, default 0")
    parser.add_argument("--against", help="a commit whose tests are measured too, by the faults that both can have")
    parser.add_argument(
        "--out", type=Path, default=Path("work/mutants.csv"), help="what is known; default work/mutants.csv"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microexpr-mutants-") as folder:
        roots = {name: checkout(Path(folder) / name, name) for name in ("HEAD", arguments.against) if name}
        possible = {name: faults(root) for name, root in roots.items()}
        common = set.intersection(*({fault.key for fault in faults} for faults in possible.values()))
        for name, root in roots.items():
            planted = [fault for fault in possible[name] if fault.key in common][arguments.first :][: arguments.faults]
            print(f"{name}: {measure(name, root, planted, arguments.out)} of {len(planted)} are caught")
    return 0


def checkout(folder: Path, commit: str) -> Path:
    """Make a checkout of a commit, which tests may change, and return it."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "--quiet", commit], check=True)
    return folder


def measure(name: str, root: Path, planted: list[Fault], out: Path) -> int:
    """Return how many faults are caught; what `out` knows of this commit is not run again, what is new is added."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, text=True, capture_output=True, check=True
    ).stdout.strip()
    out.parent.mkdir(parents=True, exist_ok=True)
    results = (
        {row[1]: row[-1] for row in csv.reader(out.open(encoding="utf-8")) if row[0] == commit} if out.exists() else {}
    )
    for fault in planted:
        if fault.key not in results:
            results[fault.key] = caught(root, fault)
            with out.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file).writerow(
                    [commit, fault.key, fault.path, fault.line, fault.old, fault.new, results[fault.key]]
                )
        print(
            f"{fault.path}:{fault.line}: {fault.old} -> {fault.new}: {results[fault.key] or 'NOT CAUGHT'}", flush=True
        )
    return sum(bool(results[fault.key]) for fault in planted)


def faults(root: Path) -> list[Fault]:
    """Return every fault that can be planted below src, by their keys."""
    possible = []
    for file in sorted((root / "src").rglob("*.py")):
        path, source = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        for statement in (part for function in functions for part in function.body):
            text = ast.unparse(statement)
            for number, (node, changed) in enumerate(_changes(statement)):
                old = ast.get_source_segment(source, node) or ""
                key = hashlib.sha256(f"{path} {text} {number}".encode()).hexdigest()
                if "\n" not in old:
                    possible.append(Fault(path, node.lineno, node.col_offset, old, f"({ast.unparse(changed)})", key))
    return sorted({fault.key: fault for fault in possible}.values(), key=lambda fault: fault.key)


def _changes(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield expressions of a statement, each with what a fault makes of it; none in f-strings."""
    # Python 3.11 misplaces what stands in f-strings
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


def caught(root: Path, fault: Fault) -> str:
    """Plant a fault in a checkout for a while, and return the first test that fails, "" if none does."""
    file = root / fault.path
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    line = lines[fault.line - 1].encode()  # columns are counted in bytes
    end = fault.column + len(fault.old.encode())
    lines[fault.line - 1] = (line[: fault.column] + fault.new.encode() + line[end:]).decode()
    file.write_text("".join(lines), encoding="utf-8")
    try:
        for tests in filter(None, (_mirror(root, fault.path), ["tests"])):
            unrelated: list[str] = []  # tests that failed once, and not again by themselves
            while failed := _first_failure(root, [*tests, *(f"--deselect={test}" for test in unrelated)]):
                if _first_failure(root, [failed]):
                    return failed
                unrelated.append(failed)
        return ""
    finally:
        file.write_text(source, encoding="utf-8")


def _first_failure(root: Path, arguments: list[str]) -> str:
    """Run tests in a checkout, and return the first that fails, "" if none does."""
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    command = [sys.executable, "-m", "pytest", *TESTS, *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode in (0, 5):  # 5: there are none
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.M)
    if not failed:
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[1]


def _mirror(root: Path, path: str) -> list[str]:
    """Return the folder of tests that mirrors a file's folder, if there is one."""
    folder = Path("tests/unit", *Path(path).parts[2:-1])
    return [str(folder)] if len(folder.parts) > 2 and (root / folder).is_dir() else []


if __name__ == "__main__":
    sys.exit(main())
