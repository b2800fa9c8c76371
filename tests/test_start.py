"""What a start imports, and what it leaves for the first use. The benchmark `start` measures how long it takes."""

import asyncio
import functools
import inspect
import os
import re
import subprocess
import sys

import pytest

from pyredis.commands.table import outline, registry
from pyredis.commands.table.command_table import SPECS, every_spec
from pyredis.host.stand_ins import NAMES, StandIn, is_coroutine_function, standing_in
from support.paths import ROOT, server_environment

pytestmark = pytest.mark.skipif("PYREDIS_TEST_COMMAND" in os.environ, reason="the tests run against another server")

# What a start may import in addition to the event loop, asyncio and what these import.
ALLOWED = {
    "faulthandler",
    "fcntl",
    "gc",
    "mmap",
    "resource",
    "syslog",
    "runpy",
    "pathlib",
    "__future__",
    "encodings.ascii",
    "importlib.util",
}
ALLOWED |= {"importlib", "importlib._abc", "importlib.machinery", "zipimport", "_mmap"}
# Modules of the package that describe commands, or that serve commands which are seldom called.
LATE = {
    "command_table",
    "spec",
    "keyspecs",
    "arguments",
    "describe",
    "command_command",
    "config_command",
    "info",
    "info_sections",
}
LATE |= {
    "memory_command",
    "lolwut",
    "debug",
    "client_command",
    "connection",
    "server_commands",
    "digest",
    "facts_native",
    "access",
}
# Modules that the stand-ins keep from being imported; later versions of Python may import some of them.
KEPT_AWAY = {"ssl", "_ssl"}
if sys.version_info[:2] == (3, 11):
    KEPT_AWAY |= {*NAMES, "ast", "dis", "locale", "ipaddress"}

LOOP = """\
import sys; from pyredis.host.stand_ins import standing_in
with standing_in():
    import asyncio, pathlib, uvloop
"""


def run_python(code: str) -> list[str]:
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, env=server_environment(), capture_output=True, text=True, check=True).stdout.split()


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Returns the modules that a server has imported when it is ready, without those of interpreter and site."""
    from support.servers import make_ours

    server = make_ours(tmp_path_factory.mktemp("start"), environment={"PYTHONPROFILEIMPORTTIME": "1"})
    with server:
        names = re.findall(r"^import time: .*\| +(\S+)$", server.log(), re.MULTILINE)
    return names[names.index("pyredis") :]


def test_a_start_imports_the_loop_and_little_else(imported):
    of_the_loop = set(run_python(f"{LOOP}print(*sys.modules)"))
    others = {name for name in imported if not name.startswith(("pyredis", "asyncio", "uvloop"))}
    assert "pyredis.server" in imported
    assert others - of_the_loop - ALLOWED == set()


def test_a_start_leaves_rare_families_and_scripts_to_their_first_call(imported):
    families = {f"pyredis.commands.{module}" for module in registry.LATE.values()}
    assert families & set(imported) == set()
    scripts = {name for name in imported if name.startswith("pyredis.lua.")}
    assert scripts == {"pyredis.lua.lua_api", "pyredis.lua.script_facts"}


def test_a_start_leaves_what_tells_of_commands_to_the_first_who_asks(imported):
    names = set(imported)
    rows = {name for name in names if name.endswith("_rows")} - {"pyredis.commands.table.outline_rows"}
    assert rows | {name for name in names if "saving" in name} == set()
    late = {name for name in names if name.startswith("pyredis.commands.") and name.rpartition(".")[2] in LATE}
    # The folder has the same name as a module in it.
    assert late - {"pyredis.commands.connection"} == set()
    assert [name for name in names if "types.handles" in name or name.endswith("_handle")] == []


def test_the_stand_ins_keep_the_real_modules_away(imported):
    assert KEPT_AWAY & set(imported) == set()


# ---- the outline of the commands ----


def test_the_outline_is_that_of_the_rows():
    text = (ROOT / "pyredis" / "commands" / "table" / "outline_rows.py").read_text(encoding="utf-8")
    assert text == outline.render(SPECS), "run python -m pyredis.docs outline"


@pytest.mark.parametrize("name", ["arity", "first_key", "handler", "key_word", "part_place"])
def test_an_outline_has_the_facts_of_its_row(name):
    facts = {spec.name: getattr(spec, name) for spec in every_spec()}
    assert {spec.name: getattr(spec, name) for spec in outline.every_spec(registry.COMMANDS)} == facts


def test_an_outline_has_the_flags_and_subcommands_of_its_row():
    for spec in every_spec():
        found = registry.COMMANDS[spec.parent or spec.name]
        found = found.subcommands[spec.name] if spec.parent else found
        assert set(found.facts) == spec.flags | spec.marks
        assert list(found.subcommands) == list(spec.subcommands)


# ---- handlers in Python ----


def late_handlers() -> dict[str, registry.Late]:
    return {name: handler for name, handler in registry.BOUND.items() if isinstance(handler, registry.Late)}


def test_every_late_handler_is_there_and_guarded_where_its_row_says_so():
    assert len(late_handlers()) > 40
    marks = {spec.name: spec.marks for spec in every_spec()}
    for name, handler in late_handlers().items():
        real = handler.found()
        assert callable(real) or type(real).__name__ == "PyCapsule", name
        assert hasattr(real, "admit") == ("guarded" in marks[name]), name


def test_no_late_handler_is_without_a_row():
    rows = {spec.handler for spec in every_spec()}
    for module in {*registry.LATE.values(), *registry.OF_COMMAND.values()}:
        handlers = registry.import_module(f"pyredis.commands.{module}").HANDLERS
        family = next((name for name, late in registry.LATE.items() if late == module), module.partition(".")[0])
        assert {f"{family}.{name}" for name in handlers} <= rows, module


def test_a_row_whose_handler_its_module_lacks_is_found_out():
    with pytest.raises(KeyError, match="config_nosuch"):
        registry.late("server.config_nosuch").found()


# ---- stand-ins ----


def test_the_stand_ins_are_gone_when_the_loops_are_imported():
    code = f"{LOOP}print(*[name for name in sys.modules if type(sys.modules[name]).__name__ == 'StandIn'])"
    assert run_python(code) == []


def test_a_name_that_a_stand_in_lacks_is_the_real_ones():
    code = f"{LOOP}import asyncio.sslproto as p; print(p.ssl.OP_ALL, type(p.ssl).__name__, 'ssl' in sys.modules)"
    import ssl

    assert run_python(code) == [str(int(ssl.OP_ALL)), "StandIn", "True"]


def test_asyncio_logs_as_ever():
    code = f"{LOOP}asyncio.log.logger.warning('heard'); print('logging' in sys.modules)"
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, env=server_environment(), capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "heard\n")


def test_a_callback_of_a_future_that_fails_in_a_thread_is_logged():
    code = f"{LOOP}from concurrent.futures import Future; f = Future(); f.add_done_callback(lambda done: 1 / 0)\n"
    command = [sys.executable, "-P", "-c", f"{code}f.set_result(1)"]
    done = subprocess.run(command, env=server_environment(), capture_output=True, text=True, check=True)
    assert "ZeroDivisionError" in done.stderr


def test_a_traceback_is_printed_with_its_source_lines():
    code = f"{LOOP}import traceback\ntry:\n asyncio.run(1)\nexcept ValueError:\n print(traceback.format_exc())"
    assert "ValueError:" in run_python(code)


def test_what_has_been_imported_has_no_stand_in():
    with standing_in():
        placed = [name for name in NAMES if isinstance(sys.modules.get(name), StandIn)]
        assert not {"inspect", "subprocess"} & set(placed)
    assert not any(isinstance(module, StandIn) for module in list(sys.modules.values()))


def test_a_program_that_embeds_a_server_has_its_own_asyncio():
    code = "import sys, pyredis.server; print('ssl' in sys.modules, type(sys.modules['asyncio.sslproto'].ssl).__name__)"
    assert run_python(code) == ["True", "module"]


async def coroutine():
    """Does nothing."""


@pytest.mark.parametrize(
    "function",
    [coroutine, functools.partial(coroutine), asyncio.Event().wait, late_handlers, len, functools.partial(len), print],
)
def test_coroutine_functions_are_told_from_others(function):
    assert is_coroutine_function(function) == inspect.iscoroutinefunction(function)
