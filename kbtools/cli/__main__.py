"""``python -m kbtools.cli``: the command ``kb``."""

import sys

from kbtools.cli import main

if __name__ == "__main__":
    sys.exit(main())
