"""A Prefect server with prefect-redis: its messages, the order of events, its leases and its own docket."""

import contextlib
import uuid

import pytest

from support.client import wait_until
from support.programs import needs
from support.servers import free_port

PROGRAMS = ("prefect-redis",)

ENVIRONMENT = {
    "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
    "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
    "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
    "PREFECT_REDIS_MESSAGING_CONSUMER_MIN_IDLE_TIME": "1",
}


@pytest.fixture
def prefect_redis(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    return needs("prefect_redis")


@pytest.fixture
def api(prefect_redis, programs, server, url):
    """A client of the API of a server, which is ready."""
    httpx = needs("httpx")
    port = free_port()
    environment = {
        **ENVIRONMENT,
        "PREFECT_HOME": str(programs.folder / "home"),
        "PREFECT_REDIS_MESSAGING_PORT": str(server.port),
        "PREFECT_SERVER_DOCKET_URL": f"{url}/1",
    }
    command = ["-m", "prefect", "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", port]
    programs.python(*command, name="prefect", **environment)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=30) as client:
        wait_until(lambda: answers(client, httpx.TransportError), "the server, which makes its database first")
        yield client


def answers(client, error: type[Exception]) -> bool:
    with contextlib.suppress(error):
        return client.get("/health").is_success
    return False


def post(api, path: str, content):
    """Post until the answer is not "try again", which the server says while Redis or its database is not there."""

    def attempt():
        response = api.post(path, json=content)
        return None if response.status_code in {500, 503} else response

    return wait_until(attempt, f"an answer to {path}", interval=0.05)


def emit(api, name: str) -> None:
    resource = {"prefect.resource.id": "tests"}
    event = {"occurred": "2026-01-01T00:00:00Z", "event": name, "resource": resource, "id": str(uuid.uuid4())}
    assert post(api, "/events", [event]).status_code == 204


def await_events(api, names: list[str]) -> None:
    """Wait until the events have gone through the stream to the database."""

    def there() -> bool:
        chosen = {"filter": {"event": {"name": names}, "occurred": {"since": "2025-12-31T00:00:00Z"}}, "limit": 50}
        found = post(api, "/events/filter", chosen).json()["events"]
        return {event["event"] for event in found} == set(names)

    wait_until(there, "the events in the database", interval=0.05)


def test_a_server_passes_events_and_grants_leases_after_restarts(api, server):
    names = [f"{when}.{number}" for when in ("first", "second", "third") for number in range(10)]
    for place, name in enumerate(names):
        if place in {10, 20}:
            server.restart(crash=place == 10)
        emit(api, name)
    await_events(api, names)
    wanted = {"names": ["tests"], "slots": 2, "lease_duration": 60}
    assert post(api, "/v2/concurrency_limits/", {"name": "tests", "limit": 2, "active": True}).status_code == 201
    lease = post(api, "/v2/concurrency_limits/increment-with-lease", wanted).json()["lease_id"]
    assert post(api, "/v2/concurrency_limits/increment-with-lease", wanted).status_code == 423
    assert post(api, "/v2/concurrency_limits/decrement-with-lease", {"lease_id": lease}).status_code == 204
    assert post(api, "/v2/concurrency_limits/increment-with-lease", wanted).status_code == 200


def test_the_lock_manager_locks(prefect_redis, server):
    locks = prefect_redis.RedisLockManager(host="127.0.0.1", port=server.port)
    assert locks.acquire_lock("key", holder="a", hold_timeout=30)
    assert locks.is_lock_holder("key", "a")
    assert not locks.acquire_lock("key", holder="b", acquire_timeout=0.05)
    assert not locks.wait_for_lock("key", timeout=0.05)
    locks.release_lock("key", holder="a")
    assert locks.wait_for_lock("key", timeout=5)
    assert locks.acquire_lock("key", holder="b", acquire_timeout=5)
