"""The locks are complete: pip installs them with --no-deps, for each Python and either build of torch.

torch_requires.json holds what the metadata of both builds of torch and of the CUDA packages require, since no machine
has all of them. For another torch it is taken from `requires_dist` of
`pip install --dry-run --ignore-installed --report - torch==VERSION`, and for the CPU build from its wheel's METADATA.
"""

import ast
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution, packages_distributions, requires
from pathlib import Path

import importing
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from microexpr.core.errors import EXTRAS

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"
DLIB = ENVS / "dlib-from-bin/pyproject.toml"
RECORDED: dict[str, list[str]] = json.loads((ROOT / "tests/fixtures/torch_requires.json").read_text(encoding="utf-8"))
LINE = re.compile(r"[a-z0-9.-]+==[\w.+]+( ; [^#]+)?( --hash=sha256:[0-9a-f]{64})+")
IMPORTS = (ast.Import, ast.ImportFrom)
BUILDS = {"cpu": "torch==2.13.0+cpu", "cuda": "torch==2.13.0"}

spec = importlib.util.spec_from_file_location("lock", ENVS / "lock.py")
assert spec is not None and spec.loader is not None
lock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lock)

EXTRA_LOCKS = [f"{name}/{name}" for name in lock.EXTRAS]
COMMON = lock.locked(ENVS / "core.lock") | lock.locked(ENVS / "source.lock")
TORCH = {build: lock.locked(ENVS / f"torch-{build}.lock") for build in BUILDS}
ENVIRONMENTS = {f"{values['python_version']}-{values['platform_machine']}": values for values in lock.environments()}


def requirements_of(path: Path) -> list[Requirement]:
    """Return the requirements of an .in file."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def pin(line: str) -> Requirement:
    """Return a lock's line without its hashes."""
    return Requirement(line.partition(" --hash")[0])


@cache
def metadata(pinned: str) -> list[Requirement]:
    """Return what the metadata of a locked package require: recorded for torch and CUDA, else installed."""
    name = Requirement(pinned).name
    lines = RECORDED[pinned] if lock.CUDA.match(name) else requires(name) or []
    return [Requirement(line) for line in lines]


def follow(locked: dict[str, str], environment: dict[str, str]) -> tuple[set[str], set[str]]:
    """Return the names reachable from the .in files here, and the requirements that `locked` does not meet."""
    pins = {name: pin(line) for name, line in locked.items()}
    pins = {name: entry for name, entry in pins.items() if entry.marker is None or entry.marker.evaluate(environment)}
    queue = [requirement for name in lock.SOURCES for requirement in requirements_of(ENVS / name)]
    visited, unmet = set(), set()
    while queue:
        requirement = queue.pop()
        name, text = canonicalize_name(requirement.name), str(requirement).partition(";")[0]
        if name in lock.LOCAL:
            queue += map(Requirement, tomllib.loads(DLIB.read_text(encoding="utf-8"))["project"]["dependencies"])
            continue
        if text in visited:
            continue
        visited.add(text)
        version = str(pins[name].specifier).removeprefix("==") if name in pins else ""
        if not version or not requirement.specifier.contains(version, prereleases=True):
            unmet.add(text)
            continue
        extras = [{**environment, "extra": extra} for extra in ("", *requirement.extras)]
        required = metadata(str(pins[name]).partition(";")[0])
        queue += [other for other in required if other.marker is None or any(map(other.marker.evaluate, extras))]
    return {canonicalize_name(Requirement(text).name) for text in visited}, unmet


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_locks_have_every_requirement_and_nothing_else(environment: dict[str, str], build: str) -> None:
    locked = COMMON | TORCH[build]
    names, unmet = follow(locked, environment)
    assert unmet == set()
    assert locked.keys() - names == set()


@pytest.mark.parametrize("name", ["core", "source", "torch-cpu", "torch-cuda", *EXTRA_LOCKS])
def test_each_line_of_a_lock_is_one_pin_with_hashes(name: str) -> None:
    lines = (ENVS / f"{name}.lock").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    assert lines and [line[:60] for line in lines if not LINE.fullmatch(line)] == []
    names = [canonicalize_name(pin(line).name) for line in lines]
    assert names == sorted(set(names))


@pytest.mark.parametrize("name", ["core", "source", "torch-cuda", *EXTRA_LOCKS])
def test_a_pin_is_for_every_micro_version_of_a_python(name: str) -> None:
    """Or a machine with another one lacks the package, and nothing says so."""
    markers = [entry.marker for entry in map(pin, lock.locked(ENVS / f"{name}.lock").values()) if entry.marker]
    for values in ENVIRONMENTS.values():
        last = {**values, "python_full_version": values["python_full_version"].removesuffix("0") + "99"}
        assert [str(marker) for marker in markers if marker.evaluate(values) != marker.evaluate(last)] == []


def test_no_package_is_in_two_locks_and_both_builds_pin_the_torch_of_core_in() -> None:
    for extra in {*lock.EXTRAS} - lock.AS_LISTED:  # environments of their own, next to the core's
        names = [*COMMON, *TORCH["cuda"], *lock.locked(ENVS / extra / f"{extra}.lock")]
        assert len(names) == len(set(names))
    assert {build: lines["torch"].split()[0] for build, lines in TORCH.items()} == BUILDS
    assert "torch==2.13.0" in map(str, requirements_of(ENVS / "core.in"))
    assert lock.check_cpu_build() == 0


def test_what_is_installed_is_the_lock_and_has_the_recorded_metadata() -> None:
    build = "cpu" if distribution("torch").version.endswith("+cpu") else "cuda"
    locked = {name: pin(line) for name, line in (COMMON | TORCH[build]).items()}
    assert [name for name, entry in locked.items() if not entry.specifier.contains(distribution(name).version)] == []
    for name in TORCH[build]:
        assert sorted(requires(name) or []) == sorted(RECORDED[str(locked[name])])


def test_every_file_that_names_the_supported_pythons_names_the_same() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = SpecifierSet(re.search(r'requires-python = "(.*)"', text)[1])  # type: ignore[index]
    minors = [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported]
    assert tuple(minors) == lock.PYTHONS
    script = re.search(r"^pythons=\((.*?)\)", (ENVS / "install.sh").read_text(encoding="utf-8"), re.M)
    assert script is not None and script[1].split() == [f"python{minor}" for minor in reversed(minors)]
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in minors


def modules(tree: ast.AST) -> set[str]:
    """Return the packages that a file or a part of it imports."""
    return {name.partition(".")[0] for name in importing.names(ast.walk(tree))}


def optional(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a file whose imports may fail, and those that only type checkers run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Try) and any("ImportError" in ast.unparse(handler) for handler in node.handlers):
            yield from node.body
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def test_the_library_imports_what_the_wheel_requires_and_nothing_else_without_a_way_out() -> None:
    trees = [
        importing.tree(name)
        for name in importing.MODULES
        if not importing.loads_torch(name) and name != "microexpr.models.pretrained_weights"  # which trainings ask
    ]
    imported = set().union(*map(modules, trees)) - {*sys.stdlib_module_names, "microexpr", "facs_faces", "reader_fits"}
    providers = {**packages_distributions(), "dlib": ["dlib-bin"]}  # whose metadata do not say so
    packages = {module: {*map(canonicalize_name, providers.get(module, [module]))} for module in imported}
    required = {canonicalize_name(requirement.name) for requirement in requirements_of(ENVS / "library.in")}
    below = {
        canonicalize_name(Requirement(line).name)
        for name in ("numba", "jinja2", "onnx")
        for line in requires(name) or []
    }
    others = {module for module, names in packages.items() if not names & (required | below)}
    assert others == {"face_recognition", "ncnn", "plotly", "skimage", "xarray"}
    for module in others - {module for extra in EXTRAS.values() for module in extra.modules}:
        imports, guarded = (
            sum(module in modules(node) for part in parts for node in ast.walk(part) if isinstance(node, IMPORTS))
            for parts in (trees, [part for tree in trees for part in optional(tree)])
        )
        assert imports == guarded > 0, module
    assert required - set().union(*packages.values()) == set()
    for name in ("train.in", "workflow.in", "dev.in"):
        assert not required & {canonicalize_name(requirement.name) for requirement in requirements_of(ENVS / name)}


def test_the_wheel_holds_every_file_of_the_package() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    for name, patterns in data.items():
        package = ROOT / "src" / name
        held = {path for pattern in patterns for path in package.glob(pattern)} | {*package.rglob("*.py")}
        files = {path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert files - held == set()
