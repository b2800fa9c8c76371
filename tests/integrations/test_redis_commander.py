"""redis-commander: its web interface lists keys, shows and changes values, and finds that there are no modules."""

import json
import urllib.parse
import urllib.request

import pytest

from support.answering import Refused, Site
from support.programs import NODE, insist, needs_node
from support.servers import free_port

PROGRAMS = ["redis-commander"]

KINDS = {
    "user:1:name": ("SET", "Ann"),
    "user:1:tags": ("RPUSH", "a", "b"),
    "hash": ("HSET", "field", "value"),
    "ranking": ("ZADD", "1.5", "first"),
    "members": ("SADD", "one"),
    "log": ("XADD", "1-1", "field", "value"),
}


@pytest.fixture
def commander(server, programs):
    node = needs_node("redis-commander")
    with server.client() as client:
        for key, (command, *words) in KINDS.items():
            client.must(command, key, *words)
    port = free_port()
    script = NODE / "node_modules/redis-commander/bin/redis-commander.js"
    where = ("--redis-host", "127.0.0.1", "--redis-port", server.port, "--address", "127.0.0.1", "--port", port)
    program = programs.run(node, script, *where, "--nosave", "--noload", name="commander", HOME=str(programs.folder))
    program.says("Redis Connection")
    site = Site(port)
    insist(lambda: connected(site), Refused)
    return site


def connected(site):
    if site.get("/apiv2/connection") is not True:
        raise OSError("not connected yet")


@pytest.fixture
def connection(server):
    return f"R:127.0.0.1:{server.port}:0"


def run(site, connection, line):
    body = urllib.parse.urlencode({"cmd": line}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{site.port}/apiv2/exec/{connection}", body) as reply:
        return json.load(reply)["data"]


def test_it_shows_a_tree_of_keys_and_each_kind_of_value_before_and_after_restarts(commander, connection, server):
    for crash in (False, True, None):
        tree = commander.get(f"/apiv1/keystree/{connection}")["data"]
        assert {node["keyName"]: node.get("rel") for node in tree} == {
            "user:": None,
            "hash": "hash",
            "ranking": "zset",
            "members": "set",
            "log": "stream",
        }
        shown = {key: commander.get(f"/apiv2/key/{connection}/{key}") for key in KINDS}
        assert {key: value["type"] for key, value in shown.items()} == {
            "user:1:name": "string",
            "user:1:tags": "list",
            "hash": "hash",
            "ranking": "zset",
            "members": "set",
            "log": "stream",
        }
        assert shown["user:1:name"]["value"] == "Ann"
        assert [item["value"] for item in shown["user:1:tags"]["items"]] == ["a", "b"]
        assert shown["hash"]["data"] == {"field": "value"}
        assert shown["ranking"]["items"] == [{"score": "1.5", "value": "first", "number": 0}]
        if crash is not None:
            server.restart(crash=crash)
            insist(lambda: connected(commander), Refused)
            insist(lambda: commander.get(f"/apiv2/key/{connection}/hash"), Refused)


def test_it_runs_commands_and_reads_the_empty_list_of_modules(commander, connection, programs):
    assert run(commander, connection, "SET new value") == "OK"
    assert run(commander, connection, "LRANGE user:1:tags 0 -1") == ["a", "b"]
    assert run(commander, connection, "MODULE LIST") == []
    assert commander.get(f"/apiv2/keys/{connection}/user:*")["data"]
    (program,) = programs.started
    assert "not supported" not in program.output()
