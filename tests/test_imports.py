"""Imports only run down the layers drawn in docs/architecture.md, and no modules import each other in a cycle."""

import re
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE = ROOT / "pyredis"
PAGE = ROOT / "docs" / "architecture.md"
STATEMENT = re.compile(
    r"^[ \t]*(?:from[ \t]+(pyredis[\w.]*)[ \t]+c?import[ \t]+(\([^)]*\)|[^\n]*)|c?import[ \t]+(pyredis[\w.]*))",
    re.MULTILINE,
)
SOURCES = (".py", ".pyx", ".pxd", ".pyi")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, list[Path]]:
    """The source files of each module; a native module has several."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.p*")):
        if path.suffix in SOURCES:
            found.setdefault(module_of(path), []).append(path)
    return found


MODULES = sources()


def names(listed: str) -> list[str]:
    parts = re.sub(r"#[^\n]*", "", listed).strip("()").split(",")
    return [part.split(" as ")[0].strip() for part in parts if part.strip()]


def imports_of(text: str) -> set[str]:
    """The modules that a source imports; ``from pyredis.a import b`` may name either."""
    found = set()
    for origin, listed, plain in STATEMENT.findall(text):
        for name in names(listed) if origin else []:
            inner = f"{origin}.{name}"
            found.add(inner if inner in MODULES else origin)
        if plain:
            found.add(plain)
    return found


IMPORTS = {
    module: {name for path in paths for name in imports_of(path.read_text(encoding="utf-8"))} - {module}
    for module, paths in MODULES.items()
}


def layers() -> list[str]:
    """The rooms, and the modules outside of rooms, from the highest to the lowest."""
    drawing = PAGE.read_text(encoding="utf-8").split("## Layers")[1].split("```")[1]
    return [room for line in drawing.splitlines() for room in re.findall(r"`?([\w.]+)`?", re.split(r"\s{2,}", line)[0])]


LAYERS = layers()
# The package itself and its version, which every module may import.
BELOW_ALL = {"pyredis", "pyredis._version"}


def room_of(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", sorted(set(MODULES) - BELOW_ALL))
def test_every_module_has_its_place_in_the_drawing(module):
    assert room_of(module) in LAYERS


def test_the_drawing_has_only_rooms_that_are_there():
    assert {room_of(module) for module in MODULES if module not in BELOW_ALL} == set(LAYERS)


@pytest.mark.parametrize("module", sorted(set(MODULES) - BELOW_ALL))
def test_imports_run_down(module):
    place = LAYERS.index(room_of(module))
    upwards = {name for name in IMPORTS[module] - BELOW_ALL if LAYERS.index(room_of(name)) < place}
    assert upwards == set()


def test_no_modules_need_each_other():
    """Repeatedly removing the modules that import none of the remaining ones leaves only cycles."""
    left = {module: imports & set(MODULES) for module, imports in IMPORTS.items()}
    while free := {module for module, imports in left.items() if not imports & set(left)}:
        left = {module: imports for module, imports in left.items() if module not in free}
    assert left == {}


def test_what_the_test_reads_is_what_is_imported():
    text = "from pyredis.ground.base cimport (\n    Slice,  # one\n    likely,\n)\nimport pyredis.server\n"
    assert imports_of(text) == {"pyredis.ground.base", "pyredis.server"}
    assert imports_of("    from pyredis.persistence import manifest, rewriting\n") == {
        "pyredis.persistence.manifest",
        "pyredis.persistence.rewriting",
    }


def test_every_name_of_a_module_occurs_once():
    last = [module.rpartition(".")[2] for module, paths in MODULES.items() if not paths[0].stem.startswith("__")]
    assert sorted({name for name in last if last.count(name) > 1}) == []
