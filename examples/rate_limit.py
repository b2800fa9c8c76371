"""A command in Python: ALLOW counts requests in a sliding window, and says whether there may be another one.

    python examples/rate_limit.py

`ALLOW key limit milliseconds [cost]` has an error for a limit that is not positive, works in transactions and scripts,
and is one transaction itself: no other client sees a part of what it does. The server runs in this program; its clients
need redis-py only. The clock of the server stands still, so that the example does not have to wait for it.
"""

import redis

import pyredis

server = pyredis.Server()


@server.command(
    "ALLOW key limit:integer milliseconds [cost:integer]",
    flags="write denyoom",
    summary="Counts a request unless too many were counted in a time before it.",
)
def allow(ctx: pyredis.CommandContext, key: bytes, limit: int, milliseconds: int, cost: int = 1) -> dict[str, int]:
    if limit < 1 or milliseconds < 1 or cost < 1:
        raise pyredis.ReplyError("ERR limit, milliseconds and cost must be positive")
    seconds, microseconds = ctx.call("TIME")
    now = int(seconds) * 1_000_000 + int(microseconds)
    ctx.call("ZREMRANGEBYSCORE", key, "-inf", now - milliseconds * 1000)
    used = ctx.call("ZCARD", key)
    if used + cost > limit:
        oldest = ctx.call("ZRANGE", key, 0, 0, "WITHSCORES")
        return {"allowed": 0, "left": limit - used, "retry-ms": retry_after(oldest, now, milliseconds)}
    for number in range(cost):
        ctx.call("ZADD", key, now, f"{now}-{used + number}")
    ctx.call("PEXPIRE", key, milliseconds)
    return {"allowed": 1, "left": limit - used - cost, "retry-ms": 0}


def retry_after(oldest: list, now: int, milliseconds: int) -> int:
    """Returns after how many milliseconds the oldest request leaves the window; -1 if the window is empty."""
    if not oldest:
        return -1
    (_, score), *_ = oldest
    return (int(score) + milliseconds * 1000 - now) // 1000


def ask(client: redis.Redis, *options: int) -> str:
    answer = client.execute_command("ALLOW", "user:1", 3, 1000, *options)
    return f"allowed={answer[b'allowed']} left={answer[b'left']} retry={answer[b'retry-ms']} ms"


def run() -> None:
    with server, redis.Redis.from_url(server.url, protocol=3) as client:
        server.clock.freeze()
        for _ in range(3):
            print(ask(client))
            server.clock.advance(0.25)
        print(ask(client))
        server.clock.advance(0.5)
        print(ask(client, 2))
        print(ask(client, 1))
        try:
            client.execute_command("ALLOW", "user:1", "many", 1000)
        except redis.ResponseError as error:
            print(error)
        print(f"{server.info('commandstats')['cmdstat_allow']['calls']} calls")


if __name__ == "__main__":
    run()
