"""The house rules that imports can break: layers, who may import what, and that every stage has all its places."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml
from importing import MODULES, loads_torch, names, tree

from microexpr.tasks import TASKS
from microexpr.tasks.described import SECTION

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src/microexpr"
ROOMS = sorted(path.parent for path in SOURCES.glob("*/__init__.py"))
NEIGHBOURS = {"facs_faces", "reader_fits"}
MAY_IMPORT = re.compile(r"^May import: (.*?)\.$", re.MULTILINE | re.DOTALL)
LIGHT = {"core", "videos", "coding", "datasets", "rendering", "signals", "protocols", "apps"}  # rooms without torch


def room(name: str) -> str:
    """The first part below the package: `datasets` for microexpr.datasets.layouts.workbooks; a neighbour's own name."""
    package, _, below = name.partition(".")
    return package if package in NEIGHBOURS else below.partition(".")[0]


def may_import(folder: Path) -> set[str]:
    """Return the rooms that a room's `__init__.py` says it may import."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    line = MAY_IMPORT.search(docstring)
    assert line, f"{folder}/__init__.py must say 'May import: ...'"
    return {*re.findall(r"\w+", line[1])} - {"nothing"}


ALLOWED = {folder.name: may_import(folder) for folder in (*ROOMS, *(ROOT / "src" / name for name in NEIGHBOURS))}


def test_rooms_stand_in_layers_and_no_module_imports_itself_on_a_longer_way():
    assert len(ROOMS) == 15
    assert set(TopologicalSorter(ALLOWED).static_order()) == set(ALLOWED)  # or it raises the circle
    uses: dict[str, set[str]] = {module: set() for module in MODULES}
    for module in uses.keys() - {"microexpr"}:  # it imports the API for types, and when a name is first used
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ImportFrom) and node.module in MODULES:
                parts = (f"{node.module}.{alias.name}" for alias in node.names)
                uses[module] |= {part if part in MODULES else node.module for part in parts}
    assert set(TopologicalSorter(uses).static_order()) == set(MODULES)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_room_imports_what_it_says_and_says_what_it_imports(name):
    imported = set().union(*(names(ast.walk(tree(module))) for module in MODULES if room(module) == name))
    rooms = {room(other) for other in imported if other.startswith(("microexpr.", *NEIGHBOURS))}
    assert rooms & ALLOWED.keys() - {name} == ALLOWED[name]


@pytest.mark.parametrize("module", MODULES)
def test_module(module):
    imported, recognisers = names(ast.walk(tree(module))), "microexpr.models.recognisers."
    tops = {name.split(".")[0] for name in imported}
    assert not tops & {"snakemake", "dvc"}
    assert "pickle" not in tops or module == "microexpr.api.leaks"  # which compares what it writes, and reads nothing
    assert not imported & {"scipy.stats", "scipy.signal"}  # half a second of each process that imports them
    assert "h5py" not in tops or module == "microexpr.core.store"
    if f"{module}.".startswith(recognisers):  # a method depends on itself alone; what methods share is in models
        assert {name.split(".")[3] for name in imported if name.startswith(recognisers)} <= {*module.split(".")[3:4]}
    assert ast.get_docstring(tree(module)), "no sentence says what this module is for"
    assert not (room(module) in LIGHT and loads_torch(module)), "what trains nothing loads no torch"


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


OUTPUTS = {
    name
    for path in ("dvc.yaml", "workflow/dvc.yaml")
    for stage in yaml.safe_load(text(path))["stages"].values()
    for output in stage["outs"]
    for name in output
}
SECTIONS = {  # of params.yaml that a class `Params` describes
    section for path in MODULES.values() for section in SECTION.findall(path.read_text(encoding="utf-8"))
}
NOUNS = sorted(path.stem for path in (ROOT / "workflow/rules").glob("*.smk") if path.stem != "common")


@pytest.mark.parametrize("noun", NOUNS)
def test_a_stage_has_all_its_places(noun):
    script, params = ROOT / f"workflow/scripts/{noun}.py", yaml.safe_load(text("params.yaml"))
    places = {
        "entry in workflow/stages.py, or a task": f'\n    "{noun}": ' in text("workflow/stages.py") or noun in TASKS,
        f"{script}, or task.py": script.exists() or '"../scripts/task.py"' in text(f"workflow/rules/{noun}.smk"),
        "section in params.yaml, or no `Params` of it": (noun in params) == (noun in SECTIONS),
        "output of a DVC stage": ("data/rendered" if noun == "render" else f"results/{noun}") in OUTPUTS,
    }
    assert not [name for name, is_there in places.items() if not is_there]


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/scripts").glob("*.py")), ids=lambda p: p.stem)
def test_scripts_are_adapters(path):
    assert path.stem in ("adapter", "fork_server") or len(path.read_text(encoding="utf-8").splitlines()) <= 34


SPELLING = {  # what code does to a name before it compares it
    *("lower", "upper", "casefold", "strip", "lstrip", "rstrip", "zfill", "startswith", "endswith"),
    *("removeprefix", "removesuffix", "isdigit", "isdecimal", "int", "float"),
    *("fullmatch", "match", "search", "sub", "findall"),
}
MAY_SPELL = {  # and why
    "core.subjects": "tells who is who",
    "datasets.layouts.folders": "puts names of published data sets into their form",
    "datasets.layouts.videos": "the same",
    "datasets.layouts.workbooks": "the same",
    "datasets.flow_folders": "the same",
    "datasets.layouts.own": "finds one in a path by the pattern of its dataset.yaml",
    "rendering.layouts.annotations": "writes them",
    "evaluation.spotting_log": "writes vid",
    "apps.agreement": "prints one",
    "reader_fits.population": "reads its own p0001",
}


def spells_subject(node: ast.AST) -> bool:
    """Whether an expression changes or searches the spelling of a subject."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    receiver = [function.value] if isinstance(function, ast.Attribute) else []
    values = receiver + node.args * (name not in ("startswith", "endswith"))  # of these, only the receiver
    return name in SPELLING and any(getattr(x, "attr", getattr(x, "id", "")) == "subject" for x in values)


def test_one_module_tells_subjects_by_their_spelling():
    """All others ask `core.subjects`: a person must not become two, nor two people one, in one command alone."""
    files = {module.removeprefix("microexpr."): tree(module) for module in MODULES}
    files |= {f"workflow/{path.name}": ast.parse(path.read_text()) for path in ROOT.glob("workflow/**/*.py")}
    spelling = {name for name, module in files.items() if any(map(spells_subject, ast.walk(module)))}
    assert spelling - {*MAY_SPELL} == set() and "datasets.layouts.workbooks" in spelling
