"""Making the interpreters, and what INFO shows of them."""

def script_memory(core: object) -> tuple[int, int, int]:
    """Returns the bytes that Lua uses, the bytes of the scripts' table and texts, and the number of scripts."""

def function_memory(core: object) -> tuple[int, int, int, int]:
    """Returns the bytes that Lua uses for functions, those of libraries' texts and tables, and how many functions and
    libraries there are."""

def library_codes(core: object) -> list[bytes]:
    """Returns the texts of all libraries, in the order in which they were loaded."""

def time_us(core: object) -> int:
    """Returns the time in microseconds since 1970, which does not change during a script or function."""

def forgotten_scripts(core: object) -> int:
    """Returns how many scripts from EVAL have been forgotten since the start or the last reset."""

def reset_forgotten(core: object) -> None:
    """Sets the count of ``forgotten_scripts`` to 0, for CONFIG RESETSTAT."""
