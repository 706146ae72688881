"""The house rules that imports can break: layers, who may import what, and that every stage has all its places."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src/microexpr"
LAYERS = [  # lowest first; a module may import its own layer and those below
    {"errors", "seeds", "clip", "facs"},
    {"schemas", "store", "luma"},
    {"datasets", "generated", "index"},
    {"faces", "apex", "flow", "motion", "aus", "blocks"},
    {"inputs"},
    {"protocols", "provenance", "weights"},
    {"method", "backbones", "models", "synthetic", "training", "train", "pretrain", "final"},
    {"metrics", "people", "published", "evaluation", "official"},
    {"tables", "plots", "journey", "sheet", "inspection", "catalogue", "truth", "papers", "params", "cli"},
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
    assert "h5py" not in tops or own == "store"
    assert "torch" not in tops or own not in SIGNALS | {"inputs", "datasets", "generated", "store", "index"}
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


@pytest.mark.parametrize(
    "noun",
    [
        *("generate", "index", "faces", "apex", "flow", "aus", "pretrain", "train", "evaluate", "people", "truth"),
        *("papers", "final"),
    ],
)
def test_a_noun_has_all_its_places(noun):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    assert (noun in params) == (noun not in ("pretrain", "final"))  # its values are those of `methods`
    assert noun in stages
    assert (ROOT / f"workflow/rules/{noun}.smk").exists()
    assert (ROOT / f"workflow/scripts/{noun}.py").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "workflow/scripts").glob("*.py")), ids=lambda p: p.stem)
def test_scripts_are_adapters(path):
    assert path.stem == "adapter" or len(path.read_text(encoding="utf-8").splitlines()) <= 27
