"""The C API of PUC Lua 5.1, resolved at run time from the extension file of the library lupa, or from the system's."""

class LuaUnavailable(RuntimeError):
    """There is no Lua interpreter: neither lupa nor the system has a library with all required functions."""

def find_library() -> str:
    """Returns the path of lupa's extension file for Lua 5.1, without importing lupa; raises ``LuaUnavailable``."""

def missing_symbols(path: str) -> list[str]:
    """Returns the names of the required functions that a library does not have."""

def loaded_library() -> str | None:
    """Returns the path of the library that Lua was loaded from, or None if no script has run."""
