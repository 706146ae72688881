"""Parse a command line as argparse does, with examples in every help and wrong words answered by the nearest one."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn, TextIO

from microexpr.core.errors import nearest, printable

STYLES = (  # of parts of a help in a terminal, by the codes of SGR
    (re.compile(r"^[a-z][a-z ]*:", re.MULTILINE), "1"),  # headings are bold
    (re.compile(r"(?<=^  )-.*?(?=  |$)|(?<=^    )[a-z]+(?=  |$)", re.MULTILINE), "36"),  # options and commands, cyan
    (re.compile(r"  # .*$", re.MULTILINE), "2"),  # comments on examples are dim
)


def has_colours(stream: TextIO) -> bool:
    """Return whether a stream is a terminal whose user wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit code 2. Without `run`, its commands are optional: it shows help."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), ending: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        lines = ["examples:", *(f"  {example}" for example in examples)] if examples else []
        self.epilog = "\n".join([*lines, ending]) or None
        self.examples = tuple(examples)
        self.set_defaults(run=self._show_help)

    def _show_help(self, arguments: argparse.Namespace) -> int:
        self.print_help()
        return 0

    def print_help(self, file: Any = None) -> None:
        """Print the help, in a terminal with colours."""
        text = self.format_help()
        for pattern, code in STYLES if has_colours(file or sys.stdout) else ():
            text = pattern.sub(rf"\033[{code}m\g<0>\033[0m", text)
        self._print_message(text, file or sys.stdout)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse options that this parser does not have, before argparse misses others because of them."""
        words = list(sys.argv[1:] if args is None else args)
        before = takewhile(lambda word: word.startswith("-") if self._subparsers else word != "--", words)
        for word in before:
            option = word.partition("=")[0]
            is_option = option.startswith("--") and option != "--" and " " not in option
            if is_option and not any(name.startswith(option) for name in self._option_string_actions):
                self.error(f"no option {option}{nearest(option, self._option_string_actions)}")
        return super().parse_known_args(words, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [*map(str, action.choices)]
            message = f"must be one of {', '.join(choices)}, not {value!r}{nearest(str(value), choices)}"
            raise argparse.ArgumentError(action, message)

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        line = printable(message).replace("\n", "\\n")
        self.exit(2, f"error: {line}; `{self.prog} --help` shows the arguments\n")
