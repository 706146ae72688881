"""Help with examples, and wrong words answered by the nearest one."""

import shlex

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


def test_a_wrong_method_is_answered_by_the_nearest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["table", "--methods", "ststnets"]) == 1
    assert "(did you mean 'ststnet'?)" in capsys.readouterr().err
