"""Which ``pyredis`` the tests run: the one built in place, otherwise the installed one, not an uncompiled source tree.

``import pyredis`` from the checkout's root finds the sources, compiled or not. The root is therefore on the path only
if the tree has extensions for this interpreter, or if nothing is installed and there is no other choice.
``PYREDIS_INSTALLED=1`` requires the installed package in every case.
"""

import importlib.util
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def built_in_place() -> bool:
    """Return true if the checkout has an extension module that this interpreter can load."""
    return any(ROOT.joinpath("pyredis").rglob(f"*{EXTENSION_SUFFIXES[0]}"))


def _without_root(path: list[str]) -> list[str]:
    return [entry for entry in path if Path(entry or os.curdir).resolve() != ROOT]


def choose_package() -> str:
    """Adjust ``sys.path`` and return a line that names the package under test."""
    sys.path[:] = _without_root(sys.path)
    installed = importlib.util.find_spec("pyredis")
    insist = bool(os.environ.get("PYREDIS_INSTALLED"))
    if not insist and (built_in_place() or installed is None):
        sys.path.insert(0, str(ROOT))
    spec = importlib.util.find_spec("pyredis")
    if spec is None or spec.origin is None:
        raise RuntimeError("PYREDIS_INSTALLED is set and pyredis is not installed")
    return f"pyredis: {Path(spec.origin).parent}"


def server_environment() -> dict[str, str]:
    """The environment for a child interpreter that must find the same ``pyredis`` as this one."""
    environment = dict(os.environ)
    inherited = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    wanted = _without_root(inherited)
    if str(ROOT) in sys.path:
        wanted.insert(0, str(ROOT))
    environment.pop("PYTHONPATH", None)
    if wanted:
        environment["PYTHONPATH"] = os.pathsep.join(wanted)
    return environment


def preloading(library: Path) -> dict[str, str]:
    """The environment that preloads a library, after any library that is already preloaded (such as a sanitizer's)."""
    return {"LD_PRELOAD": " ".join(filter(None, [os.environ.get("LD_PRELOAD"), str(library)]))}


CHECKED_BUILD = bool(os.environ.get("PYREDIS_SANITIZE") or os.environ.get("PYREDIS_DEBUG"))
"""Whether the environment declares a build with ``PYREDIS_CHECKS``, whose allocator is malloc."""
