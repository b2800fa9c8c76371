"""What docs/architecture.md names exists: every path, and every step of a SET."""

import re

import pytest

from support.paths import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\d+\. `([\w/]+\.p(?:y|yx|xd)): (\w+)`$", PAGE, re.MULTILINE)
PATHS = sorted(set(re.findall(r"`((?:\w+/)+\w+(?:\.(?:py|pyx|pxd|h))?)`", PAGE)))


def test_the_page_lists_the_steps_of_a_set():
    assert len(STEPS) > 10


@pytest.mark.parametrize(("file", "function"), STEPS)
def test_a_step_of_a_set_is_a_function_of_its_file(file, function):
    source = (ROOT / "pyredis" / file).read_text(encoding="utf-8")
    assert re.search(rf"^ *c?def (?:[\w* ]+[ *])?{function}\(", source, re.MULTILINE)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_the_page_names_is_there(path):
    found = [ROOT / "pyredis" / path, ROOT / path]
    found += [(ROOT / "pyredis" / path).with_suffix(suffix) for suffix in (".py", ".pyx", ".pxd", ".h")]
    assert any(candidate.exists() for candidate in found)
