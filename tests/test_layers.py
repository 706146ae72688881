"""The house rules that imports can break: layers, who may import what, and that every stage has all its places."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src/microexpr"
LAYERS = [  # lowest first; a module may import its own layer and those below
    {"discovery", "errors", "seeds", "clip", "facs"},
    {"schemas", "store", "luma", "outputs"},
    {"datasets", "generated", "index"},
    {"faces", "apex", "flow", "motion", "aus", "blocks", "regions", "spotting"},
    {"inputs"},
    {"protocols", "provenance", "weights"},
    {
        "draws",
        "method",
        "handcrafted",
        "backbones",
        "models",
        "generators",
        "generator_file",
        "synth",
        "synthetic",
        "training",
        "resident",
        "train",
        "pretrain",
        "final",
    },
    {"metrics", "people", "published", "evaluation", "official", "transfer", "prediction"},
    {
        "tables",
        "plots",
        "journey",
        "sheet",
        "inspection",
        "catalogue",
        "truth",
        "papers",
        "report",
        "params",
        "commands",
        "cli",
    },
]
SIGNALS = LAYERS[3]
MODULES = sorted(SOURCES.rglob("*.py"))


def room(path: Path) -> str:
    """The first part below the package: `datasets` for datasets/samm.py."""
    return path.relative_to(SOURCES).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer(name: str) -> int:
    (found,) = [number for number, rooms in enumerate(LAYERS) if name in rooms]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCES)))
def test_module(path):
    own, names = room(path), imported(path)
    tops = {name.split(".")[0] for name in names}
    assert not tops & {"snakemake", "dvc", "pickle"}
    assert not names & {"scipy.stats", "scipy.signal"}  # half a second of each process that imports them
    assert "h5py" not in tops or own == "store"
    assert "torch" not in tops or own not in SIGNALS | {"inputs", "datasets", "generated", "store", "index"}
    # a method depends on its own file or package only: what methods share lies in a room below
    package = ".".join(("microexpr", *path.relative_to(SOURCES).with_suffix("").parts[:2]))
    others = [
        name for name in names if name.startswith("microexpr.models.") and not f"{name}.".startswith(f"{package}.")
    ]
    assert own != "models" or not others
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "no sentence says what room this is"
    if own == "__init__":
        return
    for name in names:
        parts = name.split(".")
        if (
            parts[0] == "microexpr"
            and len(parts) > 1
            and (SOURCES / parts[1]).exists() | (SOURCES / f"{parts[1]}.py").exists()
        ):
            assert layer(parts[1]) <= layer(own), f"{own} imports upward: {name}"


def test_no_module_or_room_imports_itself_on_a_longer_way():
    known = {
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
        for path in MODULES
    }
    uses: dict[str, set[str]] = {name: set() for name in known}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in known:
                wholes = (f"{node.module}.{alias.name}" for alias in node.names)
                uses[name] |= {whole if whole in known else node.module for whole in wholes}
    assert set(TopologicalSorter(uses).static_order()) == set(known)  # or it raises the circle
    rooms: dict[str, set[str]] = {}
    for name, path in known.items():
        rooms.setdefault(room(path), set()).update(room(known[other]) for other in uses[name])
    without = {name: used - {name, "__init__"} for name, used in rooms.items() if name != "__init__"}
    assert set(TopologicalSorter(without).static_order()) == set(without)


OUTPUTS = {
    name
    for path in (ROOT / "dvc.yaml", *(ROOT / "workflow/dvc").glob("*/dvc.yaml"))
    for stage in yaml.safe_load(path.read_text(encoding="utf-8"))["stages"].values()
    for output in stage["outs"]
    for name in output
}
NOUNS = sorted(path.stem for path in (ROOT / "workflow/rules").glob("*.smk") if path.stem != "common")


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_all_its_places(noun):
    def text(path: str) -> str:
        return (ROOT / path).read_text(encoding="utf-8")

    readme, folder = ("data", "generated") if noun == "generate" else ("results", noun)
    places = {
        f"workflow/scripts/{noun}.py": (ROOT / f"workflow/scripts/{noun}.py").exists(),
        f"rule all_{noun} in its rule file": f"rule all_{noun}:" in text(f"workflow/rules/{noun}.smk"),
        "include in Snakefile": f'include: "workflow/rules/{noun}.smk"' in text("Snakefile"),
        # the values of these are those of `methods`
        "section in params.yaml": (noun in yaml.safe_load(text("params.yaml")))
        == (noun not in ("pretrain", "final", "flow_folders")),
        "output of a DVC stage": f"{readme}/{folder}" in OUTPUTS,
        f"row in {readme}/README.md": f"`{folder}/" in text(f"{readme}/README.md"),
    }
    assert not [place for place, there in places.items() if not there]


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/scripts").glob("*.py")), ids=lambda p: p.stem)
def test_scripts_are_adapters(path):
    assert path.stem == "adapter" or len(path.read_text(encoding="utf-8").splitlines()) <= 27
