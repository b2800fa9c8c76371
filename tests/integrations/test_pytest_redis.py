"""pytest-redis: its fixtures start this server as if it were redis-server, and empty it between tests."""

import os
import shlex
import subprocess
import sys

import pytest

from support.paths import server_environment
from support.programs import needs
from support.servers import our_command

PROGRAMS = ["pytest-redis"]

needs("pytest_redis")

TESTS = """
def test_one(redisdb, redis_proc):
    assert redisdb.get("key") is None
    redisdb.set("key", "value")
    assert redisdb.get("key") == b"value"
    assert redisdb.config_get("unixsocket") == {"unixsocket": redis_proc.unixsocket}

def test_the_database_is_empty_again(redisdb):
    assert redisdb.dbsize() == 0
    redisdb.set("key", "value")

def test_the_server_can_be_restarted(redis_proc, redisdb):
    redis_proc.stop()
    redis_proc.start()
    assert redisdb.incr("count") == 1

def test_a_script_runs(redisdb):
    assert redisdb.eval("return redis.call('INCRBY', KEYS[1], ARGV[1])", 1, "count", 5) == 5
"""
BARE = ["-q", "-p", "no:cacheprovider", "-p", "pytest_redis.plugin"]


@pytest.fixture
def run(tmp_path):
    (tmp_path / "test_it.py").write_text(TESTS)

    def run(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", *BARE, *options, "test_it.py"]
        environment = {**server_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    return run


def test_its_fixtures_start_stop_and_empty_this_server(run, tmp_path):
    command = shlex.split(os.environ.get("PYREDIS_INTEGRATIONS_SERVER", "")) or our_command()
    starter = tmp_path / "starter"
    starter.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    starter.chmod(0o755)
    output = run(f"--redis-exec={starter}")
    assert "4 passed" in output, output
