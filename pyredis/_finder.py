"""Finds the native modules, which are all in one shared library.

`pyredis._native` is the library's own module, found as usual. Its ``MODULES`` has the full names of the others, each of
which has its initialization function in the library.
"""

import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec

try:
    from pyredis._native import MODULES
    from pyredis._native import __file__ as LIBRARY
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: the native library is not built for this interpreter; pip install builds it", name=error.name
    ) from None


class NativeFinder:
    """A finder for ``sys.meta_path``. It precedes the others, which would look for a file."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in MODULES:
            return None
        spec = ModuleSpec(name, ExtensionFileLoader(name, LIBRARY), origin=LIBRARY)
        spec.has_location = True
        return spec


def install() -> None:
    sys.meta_path.insert(0, NativeFinder)
