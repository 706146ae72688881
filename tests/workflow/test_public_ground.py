"""The workflow stands on what Snakemake and DVC document: a test finds every other use of their objects."""

import ast
import re

import pytest
import scratch

OBJECTS = re.compile(  # that a Snakefile reaches, and what was once used of rules
    r"\b(?:workflow|dag|scheduler|persistence)\.\w+|\.(?:set_params|expand_input|shellcmd|overwrite_resources)\b"
)
DOCUMENTED = {  # https://snakemake.readthedocs.io, but for basedir, where our own modules lie before any is imported
    "workflow.source_path", "workflow.basedir",
}  # fmt: skip
MODULES = re.compile(r"^\s*(?:from|import) ((?:snakemake|dvc)[\w.]*)", re.MULTILINE)
PUBLIC = {
    "snakemake.utils",
    "snakemake_interface_logger_plugins.base",
    "snakemake_interface_logger_plugins.common",
}
KEPT = "workflow/upstream.py"  # says what is used, and why
FOLDERS = re.compile(r"\.snakemake/|\.dvc/(?!tmp/rwlock)")  # files that are theirs


def sources() -> dict[str, str]:
    """The code of the workflow by path, without docstrings and comments."""
    paths = [scratch.ROOT / "Snakefile", *(scratch.ROOT / "workflow").rglob("*.smk")]
    texts = {str(path.relative_to(scratch.ROOT)): path.read_text(encoding="utf-8") for path in paths}
    for folder in ("workflow", "src/snakemake_logger_plugin_microexpr", "src/microexpr/core"):
        for path in (scratch.ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
                    node.body = node.body[1:] or [ast.Pass()]
            texts[str(path.relative_to(scratch.ROOT))] = ast.unparse(tree)
    return {path: re.sub(r"(?m)(^|\s)#.*$", "", text) for path, text in texts.items()}


def private_uses(texts: dict[str, str]) -> list[str]:
    """Return each use of what is not documented, with its file."""
    uses = []
    for path, text in texts.items():
        if path != KEPT and not path.startswith("src/microexpr"):
            uses += [f"{path}: {use[0]}" for use in OBJECTS.finditer(text) if use[0] not in DOCUMENTED]
            uses += [f"{path}: import {name}" for name in MODULES.findall(text) if name not in PUBLIC]
        uses += [f"{path}: {use[0]}" for use in FOLDERS.finditer(text)]
    return uses


def test_nothing_but_the_module_that_says_so_uses_private_parts():
    assert private_uses(sources()) == []


@pytest.mark.parametrize(
    "line",
    [
        "workflow.scheduler.running",
        "rule.set_params()",
        "from snakemake.dag import DAG",
        "from dvc.repo import Repo",
        "open('.snakemake/x')",
    ],
)
def test_a_planted_use_is_found(line):
    (use,) = private_uses(sources() | {"workflow/planted.py": line})
    assert use.startswith("workflow/planted.py: ")


def test_it_was_tried_with_the_version_that_is_installed():
    (version,) = re.findall(r"^snakemake==(\S+)", (scratch.ROOT / "envs/core.lock").read_text(encoding="utf-8"), re.M)
    assert f"tried with {version}," in (scratch.ROOT / KEPT).read_text(encoding="utf-8")
