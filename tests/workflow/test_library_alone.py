"""The library where nothing else is installed than the wheel's own requirements.

Links to these packages, taken from this environment by their lists of files, stand in for another installation.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGES = ("quickstart.md", "python.md")
RUN = """
import doctest, importlib, pathlib, sys, warnings
import microexpr
warnings.filterwarnings("ignore")
texts = {name: getattr(microexpr, name).__doc__ for name in microexpr.__all__ if name != "__version__"}
texts |= {path: pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[1:]}
runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
for name, text in texts.items():
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples, name
    runner.run(test)
for absent in ("face_recognition", "snakemake", "dvc", "pytest", "xarray"):
    try:
        importlib.import_module(absent)
    except ImportError:
        continue
    raise SystemExit(f"{absent} is here")
print(runner.tries, "examples of", len(texts))
sys.exit(runner.failures > 0)
"""


def requirements() -> Iterator[str]:
    """Yield the names of the packages that the wheel requires, and of those below."""
    lines = (ROOT / "envs/library.in").read_text(encoding="utf-8").splitlines()
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


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package and what it requires."""
    folder = tmp_path_factory.mktemp("alone")
    for name in requirements():
        package = distribution(name)
        tops = {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(package.locate_file(top))))
    (folder / "microexpr").symlink_to(ROOT / "src/microexpr")
    return folder


@pytest.mark.slow
def test_docs_and_docstrings_run_in_the_library_alone(alone: Path, tmp_path: Path) -> None:
    pages = [str(ROOT / "docs" / page) for page in PAGES]
    environment = {"PYTHONPATH": str(alone), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUN, *pages], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert int(done.stdout.splitlines()[-1].split()[0]) > 40


def test_every_module_imports_in_the_library_alone(alone: Path, tmp_path: Path) -> None:
    """Or a command of `pip install microexpr` ends in a ModuleNotFoundError."""
    modules = sorted(
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "src/microexpr").rglob("*.py")
        if path.name != "__main__.py"
    )
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    environment = {"PYTHONPATH": str(alone), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *modules], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
