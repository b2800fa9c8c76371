"""The C API of OpenSSL, resolved at run time from the library that Python's ``_ssl`` is linked with."""

class OpenSSLUnavailable(RuntimeError):
    """Neither Python nor the system has an OpenSSL with all required functions."""

def find_library() -> str | None:
    """Returns the path of Python's extension file that is linked with OpenSSL, or None."""

def missing_symbols(path: str) -> list[str]:
    """Returns the names of the required functions that a library does not have."""
