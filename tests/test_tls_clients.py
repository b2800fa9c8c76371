"""TLS in servers in the process, and redis-py over it, with threads and with asyncio."""

import asyncio

import pytest
import redis
import redis.asyncio

import pyredis
from pyredis.embedded.hosted import StartError, serve
from support.tls import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates") / "files")


def files(certificates, **more):
    return {
        "tls_cert_file": certificates.path("server.crt"),
        "tls_key_file": certificates.path("server.key"),
        "tls_ca_cert_file": certificates.path("ca.crt"),
        **more,
    }


def own(certificates) -> dict[str, str]:
    """redis-py's arguments for a certificate of its own."""
    return {"ssl_certfile": certificates.path("client.crt"), "ssl_keyfile": certificates.path("client.key")}


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_redis_py_uses_a_server_in_the_process_over_tls(certificates, loop):
    with pyredis.Server(None, tls_port=0, loop=loop, **files(certificates)) as server:
        assert server.port == 0
        assert server.url == server.tls_url
        assert server.url.startswith(f"rediss://127.0.0.1:{server.tls_port}?ssl_ca_certs=")
        with redis.Redis.from_url(server.url, **own(certificates)) as client:
            assert client.set("key", b"v" * 100_000)
            assert client.get("key") == b"v" * 100_000
            pipeline = client.pipeline()
            for number in range(1000):
                pipeline.incrby("sum", number)
            assert pipeline.execute()[-1] == sum(range(1000))


def test_a_client_without_a_certificate_is_refused(certificates):
    with pyredis.Server(None, tls_port=0, **files(certificates)) as server:
        with redis.Redis.from_url(server.url) as client, pytest.raises(redis.ConnectionError):
            client.ping()
        with redis.Redis.from_url(server.url, **own(certificates)) as client:
            assert client.ping()


def test_a_server_may_have_both_ports(certificates):
    with pyredis.Server(tls_port=0, **files(certificates, tls_auth_clients="no", requirepass="a/b")) as server:
        assert server.url == f"redis://:a%2Fb@127.0.0.1:{server.port}"
        with redis.Redis.from_url(server.url) as plain, redis.Redis.from_url(server.tls_url) as secure:
            plain.set("key", "value")
            assert secure.get("key") == b"value"


def test_asyncio_clients_use_a_server_on_their_loop_over_tls(certificates):
    async def main() -> None:
        async with serve(None, tls_port=0, **files(certificates, tls_auth_clients="no")) as server:
            client = redis.asyncio.Redis.from_url(server.url)
            assert await client.set("key", b"v" * 1_000_000)
            values = await asyncio.gather(*(client.get("key") for _ in range(20)))
            assert values == [b"v" * 1_000_000] * 20
            async with client.pubsub() as pubsub:
                await pubsub.subscribe("channel")
                await client.publish("channel", "message")
                messages = [await pubsub.get_message(timeout=60) for _ in range(2)]
            assert messages[1]["data"] == b"message"
            await client.aclose()

    asyncio.run(main())


def test_from_url_uses_a_server_over_tls(certificates):
    running = pyredis.Server(None, tls_port=0, **files(certificates, tls_auth_clients="no"))
    with running as server, pyredis.from_url(server.url) as client:
        assert client.ping()


def test_a_server_without_tls_has_no_url_for_it():
    with pyredis.Server() as server:
        assert (server.tls_port, server.tls_url) == (0, "")


def test_a_server_without_certificates_does_not_start():
    with pytest.raises(StartError, match="Failed to configure TLS"):
        pyredis.Server(tls_port=0).start()


def test_a_port_that_is_no_port_is_refused():
    with pytest.raises(ValueError, match="not a port: 65536"):
        pyredis.Server(tls_port=65536)


def test_a_database_does_not_listen_by_itself(certificates):
    with pyredis.open(**files(certificates)) as database:
        with pytest.raises(redis.ResponseError, match="listens where its serve"):
            database.config_set("tls-port", 6390)
        assert database.config_get("tls-port") == {"tls-port": "0"}
