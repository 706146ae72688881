"""The command `microexpr`: its commands, and errors as one line."""

import errno
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from cyclopts import App, CycloptsError, Parameter, convert

from microexpr import __version__
from microexpr.cli import applications, plots, questions, results
from microexpr.core import arithmetic, csv_file
from microexpr.core.errors import MicroexprError, extra_remedy, printable

HELP = """Micro-expression recognition and synthesis: use it on videos and photographs, inspect data and results.

examples:
  microexpr film take.avi                     # a rendered video with micro-expressions
  microexpr predict take.avi --out predicted  # the micro-expressions in a video
  microexpr predict --help                    # the arguments of one command"""


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code: 0; 1 after one line `error: ...` that a user can act on; 2 for wrong arguments; 3 if files
    were left out; 130 after Ctrl-C. A closed pipe, as of `| head`, is 1 without a line."""
    try:
        with _flushed_output():
            command, bound, _ = build().parse_args(argv, exit_on_error=False, print_error=False)
            if argv is None:  # this process is the command's own
                arithmetic.pin()
                _note_other_checkout()
                warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"  # no line of a program
            return int(command(*bound.args, **bound.kwargs) or 0)
    except CycloptsError as error:
        line = printable(str(error)).replace("\n", " ").replace(", ...", " and others").removesuffix(".")
        chain = " ".join(["microexpr", *(error.command_chain or ())])
        print(f"error: {line}; `{chain} --help` shows the arguments", file=sys.stderr)
        return 2
    except MicroexprError as error:
        print(f"error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if not (why := extra_remedy(error)):
            raise
        print(f"error: {why}", file=sys.stderr)
    except BrokenPipeError:
        pass
    except OSError as error:
        from microexpr.core.store import FULL

        path = printable(str(error.filename or "a file"))  # an open one has no name here
        reason = FULL.get(error.errno or 0) or error.strerror or error  # or no permission, a name too long
        print(f"error: {path}: {reason}", file=sys.stderr)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 1


def _note_other_checkout() -> None:
    """Print a note where a checkout's folder is current and the code is another one's, as of an environment that was
    copied with it. A wheel's code is nobody's checkout."""
    local, source = Path("src/microexpr"), Path(__file__).resolve().parents[1]
    if local.is_dir() and source.parent.name == "src" and not local.samefile(source):
        line = f"the code of {source} runs, not {local} of this checkout; `make .venv/.installed` installs this one's"
        print(f"note: {printable(line)}", file=sys.stderr)


def _value(kind: Any, texts: Any) -> Any:
    """Return the value of an option, a number as in tables; cyclopts reads 3.5 and 0x4 as 4, and 4_0 as 40."""
    numbers: dict[type, csv_file.Kind] = {int: csv_file.whole, float: csv_file.number}
    return convert(kind, texts, lambda of, text: numbers[of](text) if of in numbers else convert(of, [text]))


def build() -> App:
    """Return the command line."""
    app = App(
        "microexpr", help=HELP, help_format="plaintext", version=f"microexpr {__version__}",
        version_flags=["--version", "-V"],
        default_parameter=Parameter(
            negative=(), converter=_value,
            # none where it is "no" or "none"
            show_default=lambda default: default if default or (default == 0 and default is not False) else None,
        ),
    )  # fmt: skip

    def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
        """Print a script for your shell, which then completes commands, options and files.

        examples:
          microexpr completion bash > ~/.local/share/bash-completion/completions/microexpr
          microexpr completion zsh > ~/.zfunc/_microexpr         # with fpath+=~/.zfunc before compinit in ~/.zshrc
          microexpr completion fish > ~/.config/fish/completions/microexpr.fish

        Args:
            shell: the shell that completes"""
        print(app.generate_completion(shell=shell, prog_name="microexpr"))

    def show_help(command: str = "", /) -> None:
        """Print the arguments of a command.

        examples:
          microexpr help predict

        Args:
            command: one of them; none: the list"""
        app.help_print([command] if command else [])

    results.add_to(app)
    plots.add_to(app)
    applications.add_to(app)
    questions.add_to(app)
    app.command(completion)
    app.command(show_help, name="help")
    return app


@contextmanager
def _flushed_output() -> Iterator[None]:
    """Flush standard output at the end; where that fails, discard it, or the interpreter would try again.

    Opens a standard stream that is closed (`>&-`), else the next file opened would receive the output."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "w"))
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is None and error.errno in (errno.EPIPE, errno.ENOSPC):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            error.filename = "standard output"
        raise
