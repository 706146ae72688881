"""`python -m microexpr`: the same as the command `microexpr`."""

import sys

from microexpr.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
