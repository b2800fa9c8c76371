"""Making the interpreter at the first script, and what INFO shows of it."""

def script_memory(core: object) -> tuple[int, int, int]:
    """Returns what scripts take: bytes that Lua uses, bytes of the scripts' texts, and how many there are."""

def time_us(core: object) -> int:
    """Returns the time in microseconds since 1970, which is the same all through a script."""

def forgotten_scripts(core: object) -> int:
    """Returns how many scripts of EVAL were forgotten for later ones since the start or the last reset."""

def reset_forgotten(core: object) -> None:
    """Sets that count to 0: CONFIG RESETSTAT."""
