"""The C API of PUC Lua 5.1, resolved at run time from the extension file of the library lupa."""

class LuaUnavailable(RuntimeError):
    """There is no Lua interpreter: lupa is not installed, or its file lacks required functions."""

def find_library() -> str:
    """Returns the path of lupa's extension file for Lua 5.1, without importing lupa; raises ``LuaUnavailable``."""

def missing_symbols(path: str) -> list[str]:
    """Returns the names of the required functions that a library does not have."""
