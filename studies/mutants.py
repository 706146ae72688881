"""Small faults planted in src, one at a time: which do tests not catch?

    python studies/mutants.py src/microexpr/signals/apex.py --tests tests/unit/signals
    python studies/mutants.py src/microexpr/signals --tests tests/unit/signals --against COMMIT --faults 50

A fault is an operator, a constant or a comparison that is another one. Which are planted is drawn by a hash of the
statement, so that they are the same in two commits that both have it: with `--against`, for a change of tests, those
are planted that both can have. Each commit is cloned, and its tests run there until the first fails.
"""

import argparse
import ast
import copy
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SECONDS = 600  # after which a run of tests has no end, and the fault is caught
OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


class Fault(NamedTuple):
    path: str  # of the file, from the root
    line: int
    column: int
    old: str  # the expression, as the file has it
    new: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="files or folders with the faults")
    parser.add_argument("--tests", nargs="+", required=True, help="files or folders of tests")
    parser.add_argument("--faults", type=int, default=12, help="how many, default %(default)s")
    parser.add_argument("--against", help="a commit whose tests are measured too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microexpr-mutants-") as folder:
        Path(folder).chmod(0o755)  # some tests run as nobody
        roots = {name: Path(folder) / name for name in ("HEAD", arguments.against) if name}
        for name, root in roots.items():
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
            subprocess.run(["git", "-C", str(root), "checkout", "--quiet", name], check=True)
        possible = {name: faults(root, arguments.files) for name, root in roots.items()}
        keys = sorted(set.intersection(*(set(by_key) for by_key in possible.values())))[: arguments.faults]
        for name, root in roots.items():
            if not passes(root, arguments.tests):
                raise SystemExit(f"error: the tests must pass without a fault, not fail at {name}")
            alive = [fault for fault in (possible[name][key] for key in keys) if survives(root, fault, arguments.tests)]
            print(f"{name}: {len(keys) - len(alive)} of {len(keys)} are caught", flush=True)
            for fault in alive:
                print(f"  not {fault.path}:{fault.line}: {fault.old} -> {fault.new}", flush=True)
    return 0


def faults(root: Path, names: list[str]) -> dict[str, Fault]:
    """Return every fault that can be planted in functions of files or folders, by a digest of file, statement and
    place in it, which is the same in every commit that has the statement."""
    keys: dict[Fault, str] = {}  # an inner function comes after the one around it, and replaces its key
    starts = (root / name for name in names)
    for file in {file for start in starts for file in (start.rglob("*.py") if start.is_dir() else [start])}:
        path, source = file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")
        functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
        for statement in (statement for function in functions for statement in function.body):
            for number, (node, changed) in enumerate(changes(statement)):
                old = ast.get_source_segment(source, node) or ""
                key = hashlib.sha256(f"{path} {ast.unparse(statement)} {number}".encode()).hexdigest()
                if old and "\n" not in old:
                    keys[Fault(path, node.lineno, node.col_offset, old, f"({ast.unparse(changed)})")] = key
    return {key: fault for fault, key in keys.items()}


def changes(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield expressions of a statement, each with what a fault makes of it; none in f-strings."""
    # Python 3.11 misplaces the contents of f-strings
    formatted = {part for node in ast.walk(statement) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in (node for node in ast.walk(statement) if node not in formatted):
        changed = copy.deepcopy(node)
        if isinstance(changed, ast.BinOp | ast.BoolOp) and type(changed.op) in OPERATORS:
            changed.op = OPERATORS[type(changed.op)]()
        elif isinstance(changed, ast.Compare) and type(changed.ops[0]) in OPERATORS:
            changed.ops[0] = OPERATORS[type(changed.ops[0])]()
        elif isinstance(changed, ast.Constant) and type(changed.value) in (int, float, bool):
            changed.value = not changed.value if type(changed.value) is bool else changed.value + 1  # type: ignore[operator]
        else:
            continue
        yield node, changed  # type: ignore[misc]


def survives(root: Path, fault: Fault, tests: list[str]) -> bool:
    """Plant a fault in a checkout for a while, and return whether all tests pass."""
    file = root / fault.path
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines(keepends=True)
    line, end = lines[fault.line - 1].encode(), fault.column + len(fault.old.encode())  # columns are counted in bytes
    lines[fault.line - 1] = (line[: fault.column] + fault.new.encode() + line[end:]).decode()
    file.write_text("".join(lines), encoding="utf-8")
    try:
        return passes(root, tests)
    finally:
        file.write_text(source, encoding="utf-8")


def passes(root: Path, tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *tests]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    try:
        return not subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=SECONDS).returncode
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    sys.exit(main())
