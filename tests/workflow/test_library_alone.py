"""The library where nothing else is installed than the wheel's own requirements.

Links to these packages, taken from this environment by their lists of files, stand in for another installation.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import importing
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGES = {"library": ("quickstart.md",), "train": ("quickstart.md", "python.md")}  # by what is installed
RUN = """
import doctest, importlib, pathlib, sys, warnings
import microexpr
warnings.filterwarnings("ignore")
extra, *paths = sys.argv[1:]
left_out = {"__version__"} | ({"loso"} if extra == "library" else set())
texts = {name: getattr(microexpr, name).__doc__ for name in microexpr.__all__ if name not in left_out}
texts |= {path: pathlib.Path(path).read_text(encoding="utf-8") for path in paths}
runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
for name, text in texts.items():
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, name
    runner.run(test)
for absent in ("face_recognition", "snakemake", "dvc", "pytest", "xarray", *(["torch"] if extra == "library" else [])):
    try:
        importlib.import_module(absent)
    except ImportError:
        continue
    raise SystemExit(f"{absent} is here")
print(runner.tries, "examples of", len(texts))
sys.exit(runner.failures > 0)
"""


def requirements(*files: str) -> Iterator[str]:
    """Yield the names of the packages that the wheel requires, or with extras, and of those below."""
    lines = [line for file in files for line in (ROOT / "envs" / file).read_text(encoding="utf-8").splitlines()]
    queue, visited = [line.partition("#")[0].strip() for line in lines], set()
    while queue:
        requirement = Requirement(line) if (line := queue.pop()) else None
        if requirement is None or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        name = canonicalize_name(requirement.name)
        if name not in visited:
            visited.add(name)
            try:
                queue += distribution(name).requires or []
            except PackageNotFoundError:
                continue  # of another build of torch
            yield name


def install(folder: Path, *files: str) -> Path:
    """Return a folder with the package and what it requires."""
    for name in requirements(*files):
        package = distribution(name)
        tops = {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(package.locate_file(top))))
    for package in ("microexpr", "facs_faces", "reader_fits"):
        (folder / package).symlink_to(ROOT / "src" / package)
    return folder


def python(packages: Path, folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code with these packages alone."""
    environment = {"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    command = [sys.executable, "-S", "-c", code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("alone"), "library.in")


@pytest.fixture(scope="module")
def with_torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("with_torch"), "library.in", "train.in")


@pytest.mark.slow
@pytest.mark.parametrize(("extra", "fixture", "least"), [("library", "alone", 30), ("train", "with_torch", 40)])
def test_docs_and_docstrings_run_in_the_library_alone(
    extra: str, fixture: str, least: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pages = [extra, *(str(ROOT / "docs" / page) for page in PAGES[extra])]
    done = python(request.getfixturevalue(fixture), tmp_path, RUN, *pages)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert int(done.stdout.splitlines()[-1].split()[0]) > least


def test_every_module_imports_in_the_library_alone(alone: Path, tmp_path: Path) -> None:
    """Or a command of `pip install microexpr` ends in a ModuleNotFoundError. Those that train are left out."""
    modules = sorted(
        name for name in importing.MODULES if not name.endswith("__main__") and not importing.loads_torch(name)
    )
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = python(alone, tmp_path, code, *modules)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_trains_says_what_it_needs(alone: Path, tmp_path: Path) -> None:
    def last_line(code: str) -> str:
        done = python(alone, tmp_path, f"import sys, microexpr\n{code}")
        assert done.returncode == 1, done.stderr
        return done.stderr.splitlines()[-1]

    why = "torch is not installed, which is for training: .*; pip install 'microexpr\\[train\\]' adds it"
    assert re.fullmatch(rf"ModuleNotFoundError: microexpr\.loso: {why}", last_line("microexpr.loso"))
    methods = "from microexpr.cli.main import main; sys.exit(main(['methods']))"
    assert re.fullmatch(rf"error: {why}", last_line(methods))
