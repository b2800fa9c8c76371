"""Writes the modules of generated methods from `method_table`, and the stubs that type the other faces.

``python -m pyredis.docs methods`` writes them into the package; a test compares.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from pyredis.commands.table.command_table import SPECS
from pyredis.commands.table.spec import CommandSpec
from pyredis.embedded.api.method_pattern import Item, Parameter
from pyredis.embedded.api.method_table import MODULES, Method

FOLDER = Path(__file__).resolve().parent
PROGRAM = "python -m pyredis.docs methods"
WIDTH = 120
BY_HAND = (
    *("string_by_hand", "generic_by_hand", "hash_by_hand", "list_by_hand", "sorted_set_by_hand", "stream_by_hand"),
    *("geo_by_hand", "server_by_hand", "user_by_hand"),
)


def generated() -> dict[Path, str]:
    """Returns the text of every generated file."""
    files = {FOLDER / f"{name}.py": module_text(name, methods) for name, methods in MODULES.items()}
    sources = [*files.values(), *((FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in BY_HAND)]
    files[FOLDER / "async_methods.pyi"] = stub_text(
        sources, "AsyncMethods", "a database on an event loop", "Awaitable[{}]"
    )
    files[FOLDER / "queued_methods.pyi"] = stub_text(sources, "QueuedMethods", "a pipeline", "Self")
    return files


# A module


def module_text(name: str, methods: list[Method]) -> str:
    bodies = "\n\n".join(method_text(method) for method in methods)
    lines = [
        f'"""{name.replace("_", " ").capitalize()}, generated from `method_table` by ``{PROGRAM}``."""',
        "",
        "from __future__ import annotations",
        "",
        *import_lines(names_in(bodies), ("api_types", "argument_forms", "caller", "conversions")),
        "",
        "",
        f"class {class_name(name)}(Caller):",
        bodies,
    ]
    return "\n".join(lines) + "\n"


def class_name(module: str) -> str:
    return "".join(part.capitalize() for part in module.split("_"))


def import_lines(names: set[str], modules: tuple[str, ...]) -> Iterator[str]:
    used = {origin: sorted(names & offered) for origin, offered in STANDARD.items()}
    lines = [f"from {origin} import {', '.join(found)}" for origin, found in used.items() if found]
    yield from [*lines, ""] if lines else []
    for module in modules:
        yield from import_from(module, names & OFFERED[module])


def import_from(module: str, names: set[str]) -> Iterator[str]:
    """Returns an import as ruff formats it."""
    if not names:
        return
    ordered = sorted(names, key=lambda name: (name[0].islower(), name))
    origin = f"from pyredis.embedded.api.{module} import"
    line = f"{origin} {', '.join(ordered)}"
    yield from [line] if len(line) <= WIDTH else [f"{origin} (", *(f"    {name}," for name in ordered), ")"]


def names_in(bodies: str) -> set[str]:
    """Returns the names that methods use and that are not their parameters."""
    found = {"Caller"}
    for function in ast.walk(ast.parse(f"class Scratch:\n{bodies}")):
        if isinstance(function, ast.FunctionDef):
            used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            found |= used - {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return found


def names_of(module: str) -> set[str]:
    """Returns the functions, classes and types that a module defines."""
    found = set()
    for node in ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.add(node.targets[0].id)
    return found


STANDARD = {
    "collections.abc": {"Awaitable", "Collection", "Iterable", "Mapping", "Sequence"},
    "datetime": {"datetime"},
    "typing": {"Any", "NoReturn", "Self"},
}
OFFERED = {
    module: names_of(module) for module in ("api_types", "argument_forms", "bit_fields", "caller", "conversions")
}


# A method


def method_text(method: Method) -> str:
    parameters = [parameter_text(parameter) for parameter in method.pattern.parameters]
    head = signature_lines(method.name, ["self", *parameters], method.result, ":")
    return "\n".join((*head, f'        """{summary(method)}"""', *body_lines(method)))


def signature_lines(name: str, parameters: list[str], result: str, end: str) -> Iterator[str]:
    """Returns the head of a method as ruff formats it."""
    joined = ", ".join(parameters)
    line = f"    def {name}({joined}) -> {result}{end}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"    def {name}("
    inner = f"        {joined}"
    yield from [inner] if len(inner) <= WIDTH else [f"        {parameter}," for parameter in parameters]
    yield f"    ) -> {result}{end}"


def parameter_text(parameter: Parameter) -> str:
    default = f" = {parameter.default}" if parameter.default else ""
    return f"{parameter.star}{parameter.name}: {parameter.annotation}{default}".replace("'", '"')


def spec_of(method: Method) -> CommandSpec | None:
    parent, _, child = method.command.partition("|")
    spec = SPECS.get(parent)
    return spec.subcommands.get(method.command) if spec is not None and child else spec


def summary(method: Method) -> str:
    spec = spec_of(method)
    if spec is None:
        return f"Sends {' '.join(method.pattern.command)}, which this server does not have."
    return spec.summary.replace('"', "'")


def body_lines(method: Method) -> Iterator[str]:
    items = [item for item in method.pattern.items if item.words or item.whole]
    count = next((place for place, item in enumerate(items) if item.condition), len(items))
    words = [f'b"{word}"' for word in method.pattern.command]
    words += [word for item in items[:count] for word in item.words]
    if count == len(items):
        yield returned(method, f"({', '.join(words)}{',' if len(words) == 1 else ''})")
        return
    yield f"        words: list[Any] = [{', '.join(words)}]"
    for item in items[count:]:
        yield from option_lines(item)
    yield returned(method, "words")


def option_lines(item: Item) -> Iterator[str]:
    indent = "        "
    if item.condition:
        yield f"{indent}if {item.condition}:"
        indent += "    "
    if item.whole:
        yield f"{indent}words += {item.whole}"
    elif len(item.words) == 1 and not item.words[0].startswith("*"):
        yield f"{indent}words.append({item.words[0]})"
    elif len(item.words) == 1:
        yield f"{indent}words += {item.words[0][1:]}"
    else:
        yield f"{indent}words += ({', '.join(item.words)})"


def returned(method: Method, words: str) -> str:
    extra = f", {method.convert or None}" if method.convert or method.raw else ""
    return f"        return self._call({words}{extra}{', False' if method.raw else ''})"


# The stubs


def stub_text(sources: list[str], name: str, face: str, result: str) -> str:
    body = "\n".join(line for source in sources for line in stub_lines(source, result))
    lines = [
        f'"""The methods of {face}, generated by ``{PROGRAM}``."""',
        "",
        *import_lines(names_in(body), ("api_types", "bit_fields", "caller")),
        "",
        f"class {name}(Caller):",
        body,
    ]
    return "\n".join(lines) + "\n"


def stub_lines(source: str, result: str) -> Iterator[str]:
    """Returns the methods of the classes in a module, with another type of result."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Caller"]:
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    own = ast.unparse(part.returns) if part.returns else "Any"
                    changed = own if own in ("NoReturn", "BitFieldOperation") else result.format(own)
                    yield from signature_lines(part.name, stub_parameters(part.args), changed, ": ...")


def stub_parameters(arguments: ast.arguments) -> list[str]:
    places = len(arguments.args) - len(arguments.defaults)
    texts = [
        ast.unparse(each) + (f" = {default_text(arguments.defaults[place - places])}" if place >= places else "")
        for place, each in enumerate(arguments.args)
    ]
    if arguments.vararg or arguments.kwonlyargs:
        texts.append(f"*{ast.unparse(arguments.vararg)}" if arguments.vararg else "*")
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        texts.append(ast.unparse(each) + (f" = {default_text(default)}" if default else ""))
    return [*texts, *([f"**{ast.unparse(arguments.kwarg)}"] if arguments.kwarg else [])]


def default_text(default: ast.expr) -> str:
    return ast.unparse(default).replace("'", '"')
