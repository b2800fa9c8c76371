"""The directives of the process: its title, and its score for the kernel's out-of-memory killer."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyredis.config import Config
from pyredis.host.oom_score import OomScore
from pyredis.host.process_directives import title
from pyredis.host.process_title import find_place, read_place
from support.client import wait_until

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's /proc")
TEMPLATE = "--proc-title-template"


def shown_title(server) -> str:
    return Path(f"/proc/{server.process.pid}/cmdline").read_bytes().rstrip(b"\0").decode()


# ---- the title ----


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "pyredis-server *:6379"),
        (["--bind", "127.0.0.1 -::1", "--port", "7000"], "pyredis-server 127.0.0.1:7000"),
        (["--port", "0", "--unixsocket", "/tmp/s"], "pyredis-server /tmp/s"),
        ([TEMPLATE, "{port} {tls-port} {unixsocket}|{config-file}|{title}", "--port", "9"], "9 0 ||pyredis-server"),
        ([TEMPLATE, "  plain  "], "plain"),
    ],
)
def test_a_title_is_made_from_its_template(arguments, expected):
    assert title(Config.load(None, arguments)) == expected


@LINUX
def test_the_process_shows_its_title_and_name(start_ours):
    server = start_ours()
    assert shown_title(server) == f"pyredis-server *:{server.port}"
    assert Path(f"/proc/{server.process.pid}/comm").read_text() == "pyredis-server\n"


@LINUX
def test_a_title_may_be_longer_than_the_arguments(start_ours):
    """A child process would get a damaged environment; the start reads TZ and others from it as well."""
    server = start_ours(TEMPLATE, "x" * 2000, environment={"PYREDIS_TEST_ROOM": "y" * 4000})
    assert shown_title(server) == "x" * 2000
    with server.client() as client:
        assert client.must("CONFIG", "SET", "proc-title-template", "short {port}") == "OK"
        assert shown_title(server) == f"short {server.port}"
        assert client.must("CONFIG", "SET", "proc-title-template", "z" * 100_000) == "OK"
        assert set(shown_title(server)) == {"z"}
        refusal = client.call("CONFIG", "SET", "proc-title-template", "{nosuch}").raw
    assert b"template format is invalid or contains unknown variables" in refusal


@LINUX
def test_the_title_follows_the_port(start_ours):
    from support.servers import free_port

    server = start_ours()
    server_port = free_port()
    with server.client() as client:
        client.must("CONFIG", "SET", "port", server_port)
        assert shown_title(server) == f"pyredis-server *:{server_port}"


@LINUX
def test_a_process_keeps_its_title_if_it_is_to(start_ours):
    server = start_ours("--set-proc-title", "no")
    assert "-m\0pyredis\0--port" in shown_title(server)


@LINUX
def test_the_place_of_the_arguments_is_that_of_this_process():
    begin, end = read_place()
    arguments = Path("/proc/self/cmdline").read_bytes()
    assert end - begin >= len(arguments)
    with open("/proc/self/mem", "rb") as memory:
        memory.seek(begin)
        assert memory.read(len(arguments)) == arguments


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ("100 200 200 300", (100, 300)),
        ("100 200 208 300", (100, 200)),
        ("0 0 0 0", (0, 0)),
        ("200 100 100 300", (0, 0)),
    ],
)
def test_the_environment_is_used_only_if_it_follows_the_arguments(places, expected):
    stat = f"1 (a) b) S {' '.join('7' for _ in range(44))} {places} 0"
    assert find_place(stat.encode()) == expected
    assert find_place(b"1 (short) S 1 2") == (0, 0)


# ---- the out-of-memory score ----


def score_of(server) -> int:
    return int(Path(f"/proc/{server.process.pid}/oom_score_adj").read_text())


@LINUX
def test_the_score_follows_the_directives_as_the_oracle_s_does(start_ours, start_oracle):
    shown = []
    for start in (start_ours, start_oracle):
        server = start("--oom-score-adj", "yes", "--oom-score-adj-values", "10 20 30", preexec=lambda: set_score(5))
        found = [score_of(server)]
        with server.client() as client:
            for pairs in (
                ["oom-score-adj", "absolute"],
                ["oom-score-adj-values", "300 400 500"],
                ["oom-score-adj-values", "1500 1600 1700"],
                ["oom-score-adj", "relative"],
                ["oom-score-adj", "no"],
                ["oom-score-adj", "relative", "oom-score-adj-values", "1 2 3"],
            ):
                assert client.must("CONFIG", "SET", *pairs) == "OK"
                found.append(score_of(server))
            found.append(client.must("CONFIG", "GET", "oom-score-adj"))
        shown.append(found)
    assert shown[0] == shown[1]
    assert shown[0][:4] == [15, 10, 300, 1000]


def set_score(score: int) -> None:
    Path("/proc/self/oom_score_adj").write_text(f"{score}\n")


def test_a_score_that_cannot_be_written_is_logged_and_refused(tmp_path):
    logged: list[str] = []
    path = tmp_path / "score"
    score = OomScore(SimpleNamespace(warning=logged.append), str(path))
    assert score.adjust("no", 5)
    assert not score.adjust("absolute", 5)
    assert logged == ["Unable to write oom_score_adj: No such file or directory"]
    path.write_text("7\n")
    assert score.adjust("yes", 5)
    assert path.read_text() == "12\n"
    assert score.adjust("no", 5)
    assert path.read_text() == "7\n"


@LINUX
def test_a_change_that_the_kernel_refuses_is_undone(start_ours, start_oracle):
    """A process without privileges may raise its score, and not lower it below where it began."""
    shown = []
    for start in (start_ours, start_oracle):
        server = start(preexec=drop_capabilities)
        with server.client() as client:
            reply = client.call("CONFIG", "SET", "oom-score-adj", "absolute", "oom-score-adj-values", "-900 0 0").raw
            words = client.must("CONFIG", "GET", "oom-score-adj*")
            shown.append((reply, dict(zip(words[::2], words[1::2], strict=True))))
        assert "Unable to write oom_score_adj: Permission denied" in server.log()
    assert shown[0] == shown[1]
    assert b"Failed to set current oom_score_adj. Check server logs." in shown[0][0]


def drop_capabilities() -> None:
    """Takes CAP_SYS_RESOURCE from this process and those that it starts, if it has it."""
    import ctypes

    bounding_drop, sys_resource = 24, 24
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(bounding_drop, sys_resource, 0, 0, 0)


def test_a_server_in_a_program_leaves_the_process_as_it_is():
    import subprocess

    code = (
        "import faulthandler, pyredis, sys\n"
        "server = pyredis.Server()\n"
        "server.start()\n"
        "print(open('/proc/self/cmdline').read().startswith('pyredis'), faulthandler.is_enabled())\n"
        "server.stop()\n"
    )
    from support.paths import server_environment

    run = subprocess.run(
        [sys.executable, "-P", "-c", code], env=server_environment(), capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "False"]


def test_the_title_is_not_longer_than_the_room(start_ours):
    server = start_ours(TEMPLATE, "t" * 50_000, environment={"PYREDIS_TEST_ROOM": ""})
    wait_until(lambda: server.running(), "the server")
    with server.client() as client:
        assert client.must("PING") == "PONG"
