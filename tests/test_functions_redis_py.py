"""Functions as redis-py calls them: synchronously, with asyncio, in pipelines and transactions."""

import asyncio

import pytest
import redis
import redis.asyncio
from redis.exceptions import ResponseError

from support.function_cases import library

CART = library(
    "cart",
    """
local function add(keys, args)
    local total = redis.call('HINCRBY', keys[1], args[1], args[2])
    redis.call('ZINCRBY', keys[2], args[2], args[1])
    return total
end
local function total(keys)
    local sum = 0
    for _, count in ipairs(redis.call('HVALS', keys[1])) do sum = sum + tonumber(count) end
    return sum
end
redis.register_function('cart_add', add)
redis.register_function{function_name='cart_total', callback=total, flags={'no-writes'}, description='Counts all.'}
""",
)


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def connected(shared_ours, request):
    with redis.Redis(port=shared_ours.port, protocol=request.param, decode_responses=True) as client:
        client.function_flush()
        yield client
        client.function_flush()


def as_dict(reply):
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))


def test_a_library_is_loaded_called_listed_and_deleted(connected):
    assert connected.function_load(CART) == "cart"
    assert connected.fcall("cart_add", 2, "cart:1", "sold", "apple", 3) == 3
    assert connected.fcall("cart_add", 2, "cart:1", "sold", "pear", 2) == 2
    assert connected.fcall("cart_total", 1, "cart:1") == 5
    assert connected.fcall_ro("cart_total", 1, "cart:1") == 5
    with pytest.raises(ResponseError, match="Can not execute a script with write flag"):
        connected.fcall_ro("cart_add", 2, "cart:1", "sold", "apple", 1)
    with pytest.raises(ResponseError, match="Library 'cart' already exists"):
        connected.function_load(CART)
    assert connected.function_load(CART, replace=True) == "cart"
    (listed,) = connected.function_list(withcode=True)
    assert as_dict(listed)["library_code"] == CART
    functions = {as_dict(function)["name"]: as_dict(function) for function in as_dict(listed)["functions"]}
    assert functions["cart_total"]["description"] == "Counts all."
    assert list(functions["cart_total"]["flags"]) == ["no-writes"]
    assert functions["cart_add"]["description"] is None
    assert connected.function_list(library="c?rt") != []
    assert connected.function_list(library="x*") == []
    assert connected.function_delete("cart")
    with pytest.raises(ResponseError, match="Function not found"):
        connected.fcall("cart_total", 1, "cart:1")


def test_statistics_and_kill(connected):
    connected.function_load(CART)
    stats = as_dict(connected.function_stats())
    assert stats["running_script"] is None
    assert as_dict(as_dict(stats["engines"])["LUA"]) == {"libraries_count": 1, "functions_count": 2}
    with pytest.raises(ResponseError, match="No scripts in execution right now"):
        connected.function_kill()


def test_a_dump_is_restored(shared_ours, connected):
    connected.function_load(CART)
    with redis.Redis(port=shared_ours.port) as binary:
        payload = binary.function_dump()
        connected.function_flush()
        assert connected.function_list() == []
        assert connected.function_restore(payload)
        with pytest.raises(ResponseError, match="Library cart already exists"):
            connected.function_restore(payload)
        assert connected.function_restore(payload, "REPLACE")
        assert connected.fcall("cart_total", 1, "cart:9") == 0


def test_functions_in_pipelines_and_transactions(connected):
    connected.function_load(CART)
    for transaction in (False, True):
        with connected.pipeline(transaction=transaction) as pipeline:
            pipeline.delete("cart:1")
            pipeline.fcall("cart_add", 2, "cart:1", "sold", "apple", 1)
            pipeline.fcall("cart_add", 2, "cart:1", "sold", "apple", 1)
            pipeline.fcall_ro("cart_total", 1, "cart:1")
            assert pipeline.execute()[1:] == [1, 2, 2]


@pytest.mark.parametrize("protocol", [2, 3])
def test_functions_called_by_many_tasks(shared_ours, connected, protocol):
    connected.function_load(CART)

    async def run():
        async with redis.asyncio.Redis(port=shared_ours.port, protocol=protocol) as client:
            replies = await asyncio.gather(
                *(client.fcall("cart_add", 2, "cart:1", "sold", "apple", 1) for _ in range(60))
            )
            assert sorted(replies) == list(range(1, 61))
            assert await client.fcall_ro("cart_total", 1, "cart:1") == 60
            assert await client.function_load(CART, replace=True) == b"cart"
            assert len(await client.function_list()) == 1
            payload = await client.function_dump()
            assert await client.function_flush()
            assert await client.function_restore(payload)
            with pytest.raises(ResponseError, match="Library not found"):
                await client.function_delete("other")

    asyncio.run(run())
