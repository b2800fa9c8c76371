"""What a command that runs a script may do: a capsule with a native function."""

from typing import Any

FUNCTION: Any
