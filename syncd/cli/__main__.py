"""``python -m syncd.cli``: the same as ``syncd``, for where the script is not on the path."""

import sys

from syncd.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
