"""Finds the native modules, which are all in one shared library.

`pyredis._native` is the library's own module, found as usual. Its ``MODULES`` has the full names of the others, each of
which has its initialization function in the library. The library is loaded when a module of the package is imported,
not with the package itself.
"""

import sys
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, ModuleSpec

LIBRARY = "pyredis._native"


class NativeFinder:
    """A finder for ``sys.meta_path``. It precedes the others, which would look for a file."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if not name.startswith("pyredis.") or name == LIBRARY:
            return None
        modules, file = library()
        if name not in modules:
            return None
        spec = ModuleSpec(name, ExtensionFileLoader(name, file), origin=file)
        spec.has_location = True
        return spec


def library() -> tuple[frozenset[str], str]:
    """Returns the names of the modules in the library, and its path."""
    try:
        own = import_module(LIBRARY)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error}: the native library is not built for this interpreter; pip install builds it", name=LIBRARY
        ) from None
    return own.MODULES, str(own.__file__)


def install() -> None:
    sys.meta_path.insert(0, NativeFinder)
