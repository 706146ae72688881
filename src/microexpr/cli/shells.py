"""Scripts with which shells complete the words of the command. Loads shtab."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import shtab

from microexpr.models import recognisers


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script for a shell: commands, options, choices, files, folders and names of methods."""
    for action in _actions(parser):
        if action.type is Path:
            action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar == "METHOD":
            action.choices = recognisers.names()
    text: str = shtab.complete(parser, shell)
    return text


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _actions(below)
