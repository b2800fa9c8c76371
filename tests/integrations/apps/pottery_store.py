"""Containers of pottery that several processes share, and its counter of identifiers."""

import pottery
import redis
from serving import HOST, PORT, serve

client = redis.Redis(HOST, PORT)
things = pottery.RedisDict(redis=client, key="things")
waiting = pottery.RedisDeque(redis=client, key="waiting")
identifiers = pottery.NextID(key="ids", masters={client}, num_tries=20)


def put(key, value):
    things[key] = value
    return True


def push(values):
    waiting.extend(values)
    return True


serve(put=put, get=lambda key: things[key], push=push, pop=waiting.popleft, next_id=lambda: next(identifiers))
