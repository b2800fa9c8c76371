"""Databases by their URLs: in the process, in a folder, and on a server."""

import asyncio
import re

import pytest
import redis
import redis.asyncio

import pyredis


def test_databases_in_memory_with_one_name_are_the_same():
    with pyredis.from_url("memory://town") as first, pyredis.from_url("memory://town") as second:
        first.set("k", "v")
        assert second.get("k") == b"v"
        with pyredis.from_url("memory://village") as other, pyredis.from_url("memory://") as own:
            assert other.get("k") is None
            assert own.get("k") is None
        with pyredis.open(name="town") as third:
            assert third.get("k") == b"v"
    with pyredis.from_url("memory://town") as later:
        assert later.get("k") is None


def test_the_number_of_the_database_follows_the_name():
    with pyredis.from_url("memory://town/3") as third, pyredis.from_url("memory://town") as first:
        third.set("k", "three")
        assert first.get("k") is None
        for url, options in [
            ("memory://town?db=3", {}),
            ("memory://town/1", {"db": 3}),
            ("memory://town?db=1", {"db": 3}),
        ]:
            with pyredis.from_url(url, **options) as same:
                assert same.get("k") == b"three"
    with pytest.raises(ValueError, match="no such database: 99"):
        pyredis.from_url("memory:///99")


def test_a_folder_is_kept(tmp_path, monkeypatch):
    folder = tmp_path / "a folder%"
    monkeypatch.chdir(tmp_path)
    url = folder.as_uri()
    with pyredis.from_url(url) as db:
        db.set("k", "v")
    with pyredis.from_url("file:a%20folder%25?decode_responses=yes") as db, pyredis.open(folder) as same:
        assert db.get("k") == "v"
        assert same.get("k") == b"v"
    assert (folder / "appendonlydir").is_dir()


def test_directives_are_parameters_or_arguments():
    with pyredis.from_url("memory://?maxmemory=100mb&maxmemory-policy=allkeys-lru", appendfsync="always") as db:
        assert db.config_get("maxmemory*")["maxmemory"] == "104857600"
        assert db.config_get("appendfsync") == {"appendfsync": "always"}
        assert db.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_the_same_directives_may_be_given_again():
    with pyredis.from_url("memory://town?databases=4"):
        pyredis.from_url("memory://town?databases=4").close()
        pyredis.open(name="town", databases=4).close()
        pyredis.from_url("memory://town").close()
        with pytest.raises(ValueError, match="open already, with other directives than databases"):
            pyredis.from_url("memory://town?databases=5")


def test_options_of_connections_have_no_effect_in_the_process():
    options = {"socket_timeout": 5, "health_check_interval": 30, "max_connections": 10, "protocol": 3, "username": "me"}
    with pyredis.from_url("memory://?socket_timeout=5", decode_responses=True, encoding="UTF-8", **options) as db:
        db.set("k", "ü")
        assert db.get("k") == "ü"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://host", "'postgres'"),
        ("town", "'town'"),
        ("", "''"),
        ("memory://town/first", "'first'"),
        ("memory://town/1/2", "'1/2'"),
        ("memory://town?db=-1", "'-1'"),
        ("memory://town:6379", "'town:6379'"),
        ("memory://me:secret@town", "'town'"),
        ("memory://town#part", "'#part'"),
        ("memory://town?no_such_thing=1", "'no_such_thing'"),
        ("memory://town?db=1&db=2", "'db'"),
        ("memory://town?maxmemory=much", "maxmemory"),
        ("file://host/folder", "'host'"),
        ("file:", "'file:'"),
        ("memory:town", "'memory:town'"),
    ],
)
def test_a_bad_url_is_refused_with_its_bad_part(url, reason):
    for opened in (pyredis.from_url, pyredis.afrom_url):
        with pytest.raises(ValueError, match=re.escape(reason)) as refused:
            opened(url)
        assert "secret" not in str(refused.value)


def test_bad_arguments_are_refused():
    with pytest.raises(TypeError, match="no_such_thing"):
        pyredis.from_url("memory://", no_such_thing=1)
    with pytest.raises(ValueError, match="encoding utf-8"):
        pyredis.from_url("memory://", encoding="latin-1")
    with pytest.raises(ValueError, match="encoding_errors"):
        pyredis.from_url("memory://", encoding_errors="ignore")
    for url in (b"memory://town", None):
        with pytest.raises(TypeError, match="a URL is a str"):
            pyredis.from_url(url)


def use(db):
    """A program that does not know where its database is."""
    db.delete("k", "h", "z")
    db.set("k", "v", ex=60)
    db.hset("h", mapping={"f": 1})
    db.zadd("z", {"a": 1})
    with db.pipeline() as pipeline:
        results = pipeline.get("k").hgetall("h").zrange("z", 0, -1, withscores=True).execute()
    return results, db.blpop(["missing"], timeout=0.01), db.ttl("k")


def test_a_program_changes_its_database_by_a_setting(shared_ours, tmp_path):
    urls = [f"redis://127.0.0.1:{shared_ours.port}/1", "memory://town/1", (tmp_path / "data").as_uri() + "?db=1"]
    with pyredis.Server(port=None, unixsocket=str(tmp_path / "socket")) as server:
        results = []
        for url in [*urls, server.url]:
            with pyredis.from_url(url, decode_responses=True, socket_timeout=30) as db:
                results.append(use(db))
    assert results == [results[0]] * 4


def test_coroutines_use_the_same_urls(shared_ours):
    async def main():
        results = []
        for url in (f"redis://127.0.0.1:{shared_ours.port}", "memory://town"):
            async with pyredis.afrom_url(url, decode_responses=True) as db:
                await db.set("k", "v")
                waiting = asyncio.create_task(db.blpop(["jobs"], timeout=30))
                await db.rpush("jobs", "one")
                results.append((await db.get("k"), await waiting))
        return results

    first, second = asyncio.run(main())
    assert first == second


def test_a_server_is_reached_by_redis_py(shared_ours):
    with pyredis.from_url(f"redis://127.0.0.1:{shared_ours.port}") as client:
        assert type(client) is redis.Redis
    assert type(pyredis.afrom_url("rediss://127.0.0.1:1")) is redis.asyncio.Redis
