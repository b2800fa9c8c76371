"""``python -m pyredis`` is ``pyredis-server``."""

import sys

from pyredis.cli import main

if __name__ == "__main__":
    sys.exit(main())
