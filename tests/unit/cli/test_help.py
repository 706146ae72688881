"""Help with examples that work, completion, wrong words answered by the nearest one; progress without a terminal."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile

import pytest
from cyclopts import App

from microexpr.cli.main import build, main
from microexpr.cli.screen import print_rows, progress


def commands(app: App, *chain: str) -> Iterator[tuple[str, ...]]:
    yield chain
    for name in app:
        if not name.startswith("-"):
            yield from commands(app[name], *chain, name)


CHAINS = [*commands(build())]


@pytest.mark.parametrize("chain", CHAINS, ids=" ".join)
def test_every_help_has_a_sentence_and_examples_that_parse(chain, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    assert main([*chain, "--help"]) == 0
    printed = capsys.readouterr().out
    examples = [line.strip() for line in printed.splitlines() if line.startswith("  microexpr ")]
    assert printed.startswith("Usage: microexpr") and len(examples) <= 3
    assert examples or "doctor" in chain or (chain[:1] == ("plot",) and "DATASET/SUBJECT/CLIP" in printed)
    for example in examples:
        words = [*takewhile(lambda word: word != ">", shlex.split(example, comments=True))]
        assert words[: len(chain) + 1] == ["microexpr", *chain]
        build().parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("arguments", [[], ["plot"]])
def test_a_command_alone_shows_its_help(arguments, capsys):
    assert main(arguments) == 0
    assert "examples:\n  microexpr" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("inspekt", 'Did you mean "inspect"?'),
        ("plot journey casme2/sub01/a", " and others; `microexpr plot --help` shows"),
        ("plot clp", 'Did you mean "clip"?'),
        ("film a.avi --difficulty herd", 'Did you mean "hard"?'),
        ("reenact --fcae x", "Did you mean --face"),
        ("film a.avi --seeed=1", "Did you mean --seed?"),
        ("score log --classes -1", 'Invalid value "-1" for --classes. Must be >= 2'),
        ("score log --classes nan", 'Invalid value for --classes: unable to convert "nan" into int'),
        ("film a.avi --seed -1", 'Invalid value "-1" for --seed. Must be >= 0'),
        ("reenact --face a --out b --face-number 0", "Must be 1 to 1000, or all"),
        ("measure a --out b --fps 30 --pictures", "Mutually exclusive arguments: {--fps, --pictures}"),
        ("table --json --markdown", "Mutually exclusive arguments: {--json, --markdown}"),
        ("measure --out b", "SOURCE"),
    ],
)
def test_wrong_words_are_answered_in_one_line(line, message, capsys):
    assert main(line.split()) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("error: ") and message in printed.err and "--help` shows the arguments" in printed.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_name_commands_and_can_be_read_by_their_shell(shell, capsys):
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("methods", "completion", "difficulty", "casme3_long"))
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=text, text=True, check=True)


def test_without_a_terminal_there_are_lines_on_standard_error(capsys):
    with progress(seconds=0) as report:
        report("reading\x1b[0m", 3, 12)
    with progress(seconds=1e9) as report:
        report("too soon", 1, 2)
    out, err = capsys.readouterr()
    assert out == "" and err.endswith(": 25%, 3 of 12\n") and err.count("\n") == 1
    assert "\x1b" not in err and "too soon" not in err


def test_a_quiet_command_shows_no_progress(capsys):
    with progress(quiet=True, seconds=0) as report:
        report("reading", 3, 12)
    assert capsys.readouterr() == ("", "")


def test_names_in_rows_command_no_terminal_and_a_program_gets_them_as_they_are(capsys, monkeypatch):
    for is_terminal in (False, True):
        monkeypatch.setattr(sys.stdout, "isatty", lambda is_terminal=is_terminal: is_terminal)
        for as_json in (False, True):
            print_rows([{"a": "\x9b\u202e"}], as_json)
            assert ("\x9b\u202e" in capsys.readouterr().out) != is_terminal
