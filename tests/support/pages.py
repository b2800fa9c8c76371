"""Code as a user's: programs, test files, and the code blocks of a page, each run in an interpreter of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from support.paths import server_environment

PLUGIN = "pyredis.embedded.pytest_plugin"


def run_python(
    code: str, *arguments: str, warnings: str = "error", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-W", warnings, "-c", code, *arguments]
    return subprocess.run(
        command, env=server_environment() | environment, capture_output=True, text=True, check=False, timeout=60
    )


def run_pytest(code: str, folder: Path, *plugins: str, options: tuple[str, ...] = (), warnings: str = "error") -> str:
    """Runs a test file with these plugins and the package's own, whether or not it is installed. Returns the output."""
    (folder / "test_block.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-P", "-W", warnings, "-m", "pytest", "-q", "test_block.py", *options]
    for plugin in (PLUGIN, *plugins):
        command += ["-p", plugin]
    paths = os.pathsep.join(filter(None, [server_environment().get("PYTHONPATH"), str(folder)]))
    environment = server_environment() | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": paths}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout + done.stderr


def blocks(page: Path) -> list[str]:
    """Returns the code blocks of a page that are Python."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
