"""The house rules that imports can break: layers, who may import what, and that every stage has all its places."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import importing
import pytest
import yaml

from microexpr.cli.described import SECTION

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src/microexpr"
ROOMS = sorted(path.parent for path in SOURCES.glob("*/__init__.py"))
MAY_IMPORT = re.compile(r"^May import: (.*?)\.$", re.MULTILINE | re.DOTALL)
TRAIN = {"models", "training"}  # whole rooms that load torch, which only training needs
TRAIN_TOO = {  # modules of other rooms
    "signals.learning",
    "signals.aus.architecture", "signals.aus.fit", "signals.landmarks.fit",
    *(f"apps.{name}.fit" for name in ("predict", "reenact", "spot")),
    "api.folds", "cli.described", "evaluation.metrics.inception", "reporting.method_sizes",
    *(f"reporting.papers.{name}" for name in ("networks", "transfers")),
    *(f"reporting.plots.{name}" for name in ("augacn", "localregions", "mtmnet")),
}  # fmt: skip
MODULES = sorted(SOURCES.rglob("*.py"))


def room(path: Path) -> str:
    """The first part below the package: `datasets` for datasets/layouts/workbooks.py."""
    return path.relative_to(SOURCES).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    """Return the dotted names that a module imports, at its top or inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_imported(path: Path) -> set[str]:
    parts = (name.split(".") for name in imports(path))
    return {part[1] for part in parts if part[0] == "microexpr" and len(part) > 1 and (SOURCES / part[1]).is_dir()}


def may_import(folder: Path) -> set[str]:
    """Return the rooms that a room's `__init__.py` says it may import."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    line = MAY_IMPORT.search(docstring)
    assert line, f"{folder}/__init__.py must say 'May import: ...'"
    return set() if line[1] == "nothing" else set(line[1].replace("\n", " ").replace(" ", "").split(","))


ALLOWED = {folder.name: may_import(folder) for folder in ROOMS}


@pytest.mark.parametrize("module", [name for name, path in importing.MODULES.items() if room(path) not in TRAIN])
def test_only_what_trains_loads_torch(module):
    assert importing.loads_torch(module) == (module.removeprefix("microexpr.") in TRAIN_TOO)


def test_rooms_stand_in_layers():
    assert len(ROOMS) == 14
    assert set(TopologicalSorter(ALLOWED).static_order()) == set(ALLOWED)  # or it raises the circle


@pytest.mark.parametrize("folder", ROOMS, ids=lambda path: path.name)
def test_a_room_imports_what_it_says_and_says_what_it_imports(folder):
    used = set().union(*map(rooms_imported, folder.rglob("*.py"))) - {folder.name}
    assert used == ALLOWED[folder.name]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCES)))
def test_module(path):
    names = imports(path)
    tops = {name.split(".")[0] for name in names}
    assert not tops & {"snakemake", "dvc", "pickle"}
    assert not names & {"scipy.stats", "scipy.signal"}  # half a second of each process that imports them
    assert "h5py" not in tops or path.relative_to(SOURCES) == Path("core/store.py")
    if "recognisers" in path.parts:  # a method depends on its own file or package; what methods share is in models
        package = ".".join(("microexpr", *path.relative_to(SOURCES).with_suffix("").parts[:3]))
        recognisers = [name for name in names if name.startswith("microexpr.models.recognisers.")]
        assert not [name for name in recognisers if not f"{name}.".startswith(f"{package}.")]
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "no sentence says what this module is for"


def test_no_module_imports_itself_on_a_longer_way():
    paths = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
        for path in MODULES
    }
    uses: dict[str, set[str]] = {name: set() for name in paths}
    for name, path in paths.items():
        if name == "microexpr":  # it imports the API for types, and when a name is first used
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in paths:
                modules = (f"{node.module}.{alias.name}" for alias in node.names)
                uses[name] |= {module if module in paths else node.module for module in modules}
    assert set(TopologicalSorter(uses).static_order()) == set(paths)  # or it raises the circle


OUTPUTS = {
    name
    for path in (ROOT / "dvc.yaml", ROOT / "workflow/dvc.yaml")
    for stage in yaml.safe_load(path.read_text(encoding="utf-8"))["stages"].values()
    for output in stage["outs"]
    for name in output
}
SECTIONS = {  # of params.yaml that a class `Params` describes
    section for path in MODULES for section in SECTION.findall(path.read_text(encoding="utf-8"))
}
NOUNS = sorted(path.stem for path in (ROOT / "workflow/rules").glob("*.smk") if path.stem != "common")


@pytest.mark.parametrize("noun", NOUNS)
def test_a_stage_has_all_its_places(noun):
    def text(path: str) -> str:
        return (ROOT / path).read_text(encoding="utf-8")

    folder = "data/rendered" if noun == "render" else f"results/{noun}"
    places = {
        "entry in workflow/stages.py": f'    "{noun}": Stage(' in text("workflow/stages.py"),
        f"workflow/scripts/{noun}.py": (ROOT / f"workflow/scripts/{noun}.py").exists(),
        f"workflow/rules/{noun}.smk": (ROOT / f"workflow/rules/{noun}.smk").exists(),
        "section in params.yaml, or no `Params` of it": (noun in yaml.safe_load(text("params.yaml")))
        == (noun in SECTIONS),
        "output of a DVC stage": folder in OUTPUTS,
    }
    assert not [name for name, is_there in places.items() if not is_there]


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/scripts").glob("*.py")), ids=lambda p: p.stem)
def test_scripts_are_adapters(path):
    assert path.stem in ("adapter", "fork_server") or len(path.read_text(encoding="utf-8").splitlines()) <= 34
