"""A command of one's own: RATELIMIT, which any client of the server can call.

    python examples/custom_command.py

Of the last so many seconds, it counts the calls of a key in a sorted set, and says whether one more is allowed. It is
one command: nobody sees its steps, and the append-only file has only what it has changed. The clock is stopped, so the
example does not have to wait.
"""

import redis

import pyredis

server = pyredis.Server()


@server.command("RATELIMIT key limit seconds", flags="write denyoom", summary="Counts a call, if it is allowed.")
def ratelimit(ctx, key: bytes, limit: int, seconds: float):
    """Returns how many calls are left, and -1 if this one is not allowed."""
    moment, microseconds = map(int, ctx.call("TIME"))
    now = moment + microseconds / 1e6
    ctx.call("ZREMRANGEBYSCORE", key, "-inf", now - seconds)
    count = ctx.call("ZCARD", key)
    if count >= limit:
        return -1
    ctx.call("ZADD", key, now, f"{now} {count}")
    ctx.call("PEXPIRE", key, int(seconds * 1000))
    return limit - count - 1


def main() -> None:
    with server, redis.Redis.from_url(server.url) as client:
        server.clock.freeze()
        print(*(client.execute_command("RATELIMIT", "ada", 3, 60) for _ in range(5)))
        server.clock.advance(61)
        print(client.execute_command("RATELIMIT", "ada", 3, 60), "a minute later")
        try:
            client.execute_command("RATELIMIT", "ada", "three", 60)
        except redis.ResponseError as error:
            print(f"error: {error}")
        print(client.eval("return redis.call('RATELIMIT', KEYS[1], 3, 60)", 1, "ada"), "by a script")


if __name__ == "__main__":
    main()
