"""The code on the pages for programs, run as their readers would."""

import pytest

from support.pages import blocks, run_pytest, run_python

BLOCKS = [(page, number, code) for page in ("embedding.md",) for number, code in enumerate(blocks(page))]


@pytest.mark.parametrize("code", [pytest.param(code, id=f"{page}-{number}") for page, number, code in BLOCKS])
def test_the_pages_code_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "def test_" in code:
        output = run_pytest(code, tmp_path)
        assert f"{code.count('def test_')} passed" in output, output
    else:
        result = run_python(code)
        assert (result.returncode, result.stderr) == (0, "")
