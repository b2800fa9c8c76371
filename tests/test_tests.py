"""The tests can fail: finds, in their source, kinds of test that pass whatever the code does.

What ruff already finds (an assertion of a tuple, a bare ``pytest.raises``, a swallowed exception) is left to it.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
TREES = {path.relative_to(TESTS).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

# Ways to fail other than an assertion.
FAILING = {"raises", "fail", "warns"}

# Commands whose reply is random, or depends on the clock in more than a number: two servers share only its shape.
SHAPED = {"TIME", "LATENCY", "SLOWLOG", "HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER", "SORT"}


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def name_of(node: ast.expr) -> str:
    """Returns a name, or the last word of an attribute; empty for other expressions."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def assertions() -> Iterator[tuple[str, ast.Assert]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                yield f"{path}:{node.lineno}", node


def names_given(node: ast.stmt) -> list[str]:
    """Returns the names that a statement binds by a definition or an assignment."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def functions_that_fail() -> set[str]:
    """Returns the names of functions that assert something, themselves or through functions that they mention."""
    mentions: dict[str, set[str]] = {}
    failing = set(FAILING)
    for _, function in functions():
        nodes = list(ast.walk(function))
        if any(isinstance(node, ast.Assert) for node in nodes):
            failing.add(function.name)
        named = (name_of(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute))
        mentions.setdefault(function.name, set()).update(named)
    while more := {name for name, mentioned in mentions.items() if name not in failing and mentioned & failing}:
        failing |= more
    return failing


def test_every_test_asserts_something():
    failing = functions_that_fail()
    tests = {f"{path}::{node.name}": node.name for path, node in functions() if node.name.startswith("test_")}
    assert len(tests) > 1000
    assert [test for test, name in tests.items() if name not in failing] == []


def test_no_module_gives_a_name_twice():
    """A second value would replace the first wherever that is used, and a second test would hide the first."""
    found = []
    for path, tree in TREES.items():
        names = Counter(name for node in tree.body for name in names_given(node))
        found += [f"{path}: {name}" for name, times in names.items() if times > 1]
    assert found == []


def test_no_assertion_accepts_either_outcome():
    """Of ``in (a, b)`` one is right, and the test should know which. Random results are compared with a set."""
    found = [
        place
        for place, node in assertions()
        if isinstance(node.test, ast.Compare)
        and isinstance(node.test.ops[-1], ast.In)
        and isinstance(node.test.comparators[-1], ast.Tuple | ast.List)
    ]
    assert found == []


def is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def test_no_assertion_says_of_a_count_that_it_is_not_negative():
    found = [
        place
        for place, node in assertions()
        if isinstance(node.test, ast.Compare)
        and len(node.test.ops) == 1
        and (
            (isinstance(node.test.ops[0], ast.GtE) and is_zero(node.test.comparators[0]))
            or (isinstance(node.test.ops[0], ast.LtE) and is_zero(node.test.left))
        )
    ]
    assert found == []


def test_no_assertion_is_of_a_constant_or_a_function():
    """A lambda, a text or a comparison of a value with itself is true whatever the code does."""
    constant = ast.Constant | ast.Lambda | ast.JoinedStr | ast.Tuple | ast.List | ast.Dict | ast.GeneratorExp
    found = [place for place, node in assertions() if isinstance(node.test, constant)]
    same = [
        place
        for place, node in assertions()
        if isinstance(node.test, ast.Compare) and ast.dump(node.test.left) == ast.dump(node.test.comparators[0])
    ]
    assert found + same == []


def test_only_what_is_random_or_of_the_clock_is_compared_by_its_shape():
    found = []
    for path, tree in TREES.items():
        for call in calls(tree):
            if not any(keyword.arg == "shape_only" for keyword in call.keywords) or name_of(call.func) == "compare":
                continue
            command = call.args[0].value.split()[0] if isinstance(call.args[0], ast.Constant) else "?"
            if command not in SHAPED and path != "test_harness.py":
                found.append(f"{path}:{call.lineno}: {command}")
    assert found == []


@pytest.mark.parametrize("caught", ["AssertionError", "Exception", "BaseException"])
def test_no_test_passes_over_a_failure(caught):
    found = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            types = [node.type] if isinstance(node, ast.ExceptHandler) else []
            if isinstance(node, ast.Call) and name_of(node.func) == "suppress":
                types = list(node.args)
            names = {name_of(part) for type_ in types if type_ for part in getattr(type_, "elts", [type_])}
            if caught in names:
                found.append(f"{path}:{node.lineno}")
    assert found == []
