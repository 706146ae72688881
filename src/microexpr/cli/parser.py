"""Parse a command line as argparse does, with examples in every help and wrong words answered by the nearest one."""

import argparse
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

from microexpr.core.errors import nearest, printable


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit code 2. Without `run`, its commands are optional: it shows help."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.formatter_class = argparse.RawDescriptionHelpFormatter
        self.epilog = "\n".join(["examples:", *(f"  {example}" for example in examples)]) if examples else None
        self.examples = tuple(examples)
        self.set_defaults(run=self._show_help)

    def _show_help(self, arguments: argparse.Namespace) -> int:
        self.print_help()
        return 0

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
