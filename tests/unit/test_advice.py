"""Every command, target, stage, option and file that a message, docstring or comment of the sources names exists."""

import re
import sys
from functools import cache
from pathlib import Path

import pytest
from scratch import ROOT

from microexpr.cli import main
from microexpr.core.errors import remedy

sys.path.insert(0, str(ROOT / "workflow"))
import stage
from architecture import TARGETS
from stages import STAGES

CODE = [path for folder in ("src", "workflow") for end in ("py", "smk") for path in (ROOT / folder).rglob(f"*.{end}")]
FILES = [*CODE, *(ROOT / name for name in ("Snakefile", "Makefile", "params.yaml", "envs/install.sh"))]
COMMAND = re.compile(r"`((?:make|snakemake|microexpr|dvc|python) [^`\n]+)`")
PLACEHOLDER = re.compile(r"[{}<>*]|\.\.\.|[A-Z]{2,}|^\d+$")  # a word that stands for many
FILE = re.compile(r"\b(?:docs|envs|workflow|studies|src/microexpr)/[\w/.-]+\.(?:md|py|sh|yaml|txt)\b")
DVC = {"add", "checkout", "commit", "exp", "metrics", "params", "plots", "pull", "push", "repro", "status"}


def texts() -> list[tuple[Path, str]]:
    """Return each source without line breaks within strings and comments, so that a command is on one line."""
    return [(path, re.sub(r'"\s*\n\s*f?"|\n\s*# ?', "", path.read_text(encoding="utf-8"))) for path in FILES]


@cache
def options(*names: str) -> set[str]:
    """Return the options of a command of `microexpr`, and the names of its own commands."""
    app = main.build()
    for name in names:
        app = app[name]
    arguments = app.assemble_argument_collection(parse_docstring=True) if app.default_command else ()
    return {*app, *(name for argument in arguments for name in argument.names)}


def known(program: str, words: list[str]) -> set[str]:
    """Return what may follow a program's name."""
    if program == "make":
        rules = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return {"-B", *rules, *(f"study-{path.stem}" for path in (ROOT / "studies").glob("*.py"))}
    if program == "snakemake":
        folders = ("results/megc2019_", *(f"results/{noun}/" for noun in STAGES))
        stages = {f"{kind}_{noun}" for kind in ("all", "table") for noun in STAGES}
        results = {word for word in words if word.startswith(folders)}
        return {*TARGETS, *stages, *results, "--cores", "--force", "--unlock", "--executor", "-n"}
    if program == "microexpr":
        path = words[: 2 if words[0] == "plot" else 1] if words[0] in options() else []
        return options() | options(*path) | {word for word in words[max(1, len(path)) :] if not word.startswith("-")}
    if program == "python":
        paths = ((word, (ROOT / word, ROOT / "src" / f"{word.replace('.', '/')}.py")) for word in words)
        files = {word for word, places in paths if word[:2] == "--" or any(place.is_file() for place in places)}
        return files | {"-m", "microexpr", *stage.COMMANDS, *STAGES}
    return DVC | {word for word in words[1:]}


def unknown(command: str) -> set[str]:
    """Return the words of a command that name what does not exist."""
    program, *words = command.split()
    words = [word for word in words if not PLACEHOLDER.search(word)]
    return set(words) - known(program, words) if words else set()


def test_every_command_and_file_in_a_text_and_every_option_in_an_error_exists():
    commands = [(path.name, command) for path, text in texts() for command in COMMAND.findall(text)]
    assert len(commands) > 30
    assert [(name, command, gap) for name, command in commands if (gap := unknown(command))] == []
    files = [(path.name, name) for path, text in texts() for name in FILE.findall(text)]
    assert [(source, name) for source, name in files if not (ROOT / name).exists()] == []
    choices = set().union(*(options(name) for name in options() if not name.startswith("-")))
    choices |= {"--cores", "--unlock", "--allowed-rules", "--help", "--version", "--force"}  # some are snakemake's
    errors = [match for _, text in texts() for match in re.findall(r"raise \w+Error\((.*?)\n", text)]
    assert {option for text in errors for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)} <= choices


@pytest.mark.parametrize(
    "command",
    ["make campaign-people", "microexpr inspekt", "microexpr inspect --pmg", "snakemake all_synth", "dvc reproduce"]
    + ["python workflow/stage.py recall", "python -m microexpr.nothing", "snakemake results/nothing.csv"],
)
def test_what_does_not_exist_is_noticed(command):
    assert unknown(command)


def test_the_remedy_is_a_command_for_files_of_a_run_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path("results/faces/samm/006.h5")
    assert remedy(path) == "; `snakemake --cores all results/faces/samm/006.h5` makes it"
    path.parent.mkdir(parents=True)
    path.touch()
    assert remedy(path, "x.h5") == "; `snakemake --cores all --force results/faces/samm/006.h5` makes it"
    assert remedy(path, "results/a.h5").endswith("006.h5 results/a.h5` makes them")
    assert remedy("x.h5", tmp_path / path) == ""
