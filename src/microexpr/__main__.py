"""`python -m microexpr`, and the command `microexpr`."""

import sys


def main() -> int:
    """Return the exit code of the command, 130 after Ctrl-C while its modules are imported."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # where its encoding lacks a character
    try:
        from microexpr.cli import main as command

        return command.main()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
