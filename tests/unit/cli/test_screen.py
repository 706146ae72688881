"""Progress without a terminal."""

import sys

from microexpr.cli.screen import print_rows, progress


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
