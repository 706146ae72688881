"""Help with examples and colours, and wrong words answered by the nearest one."""

import io
import re
import shlex
from itertools import takewhile

import pytest

from microexpr.cli import commands
from microexpr.cli.main import _parser, main
from microexpr.cli.parser import Parser


def parsers(parser: Parser) -> list[Parser]:
    nested = [action.choices.values() for action in parser._actions if isinstance(action.choices, dict)]
    return [parser, *(below for choices in nested for child in choices for below in parsers(child))]


@pytest.mark.parametrize("parser", parsers(_parser()), ids=lambda parser: parser.prog)
def test_every_help_has_examples_that_parse(parser, capsys):
    assert 1 <= len(parser.examples) <= 3 and parser.description
    for example in parser.examples:
        words = shlex.split(example, comments=True)
        assert " ".join(words).startswith(parser.prog) and example in parser.format_help()
        words = [*takewhile(lambda word: word != ">", words)]
        if words[-1] != "--help":
            assert _parser().parse_args(words[1:]).run in vars(commands).values()


@pytest.mark.parametrize("arguments", [[], ["plot"]])
def test_a_command_alone_shows_its_help(arguments, capsys):
    assert main(arguments) == 0
    assert "examples:\n  microexpr" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("inspekt", "'inspect'"),
        ("plot clp", "'clip'"),
        ("film a.avi --difficulty herd", "'hard'"),
        ("reenact --fcae x", "'--face'"),
        ("film a.avi --seeed=1", "'--seed'"),
        ("--verison", "'--version'"),
    ],
)
def test_a_wrong_word_is_answered_by_the_nearest(line, suggestion, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(line.split())
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert printed.err.startswith("error: ") and f"(did you mean {suggestion}?)" in printed.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("parser", parsers(_parser()), ids=lambda parser: parser.prog)
def test_colours_are_for_terminals_whose_user_wants_them(parser, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    file, terminal, plain_terminal = io.StringIO(), Terminal(), Terminal()
    parser.print_help(file)
    parser.print_help(terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    parser.print_help(plain_terminal)
    assert file.getvalue() == plain_terminal.getvalue() == parser.format_help()
    assert "\033[36m-h, --help\033[0m" in terminal.getvalue() and "\033[1mexamples:\033[0m" in terminal.getvalue()
    assert re.sub(r"\033\[\d+m", "", terminal.getvalue()) == parser.format_help()
