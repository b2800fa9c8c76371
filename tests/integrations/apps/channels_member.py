"""A process of a Channels project: it belongs to a group, and answers what others send to its own channel.

LAYER is core (lists and sorted sets) or pubsub.
"""

import asyncio
import os

from redis.exceptions import RedisError
from serving import URL, report, serve_async

LAYER = os.environ["LAYER"]


def make_layer():
    if LAYER == "core":
        from channels_redis.core import RedisChannelLayer

        return RedisChannelLayer(hosts=[URL], expiry=60, group_expiry=300, capacity=1000)
    from channels_redis.pubsub import RedisPubSubChannelLayer

    return RedisPubSubChannelLayer(hosts=[URL])


async def main():
    layer = make_layer()
    name = await layer.new_channel()
    await layer.group_add("room", name)

    async def handle(message):
        if message["type"] == "question":
            await layer.send(message["back"], {"type": "answer", "value": message["value"] * 2})
        else:
            report(**{message["type"]: message["value"]})

    async def receive():
        while True:
            try:
                await handle(await layer.receive(name))
            except (RedisError, OSError):  # a consumer that lost its connection is started again
                await asyncio.sleep(0.05)

    receiving = asyncio.create_task(receive())
    await serve_async(
        name=lambda: name,
        send=lambda value: layer.group_send("room", {"type": "news", "value": value}),
        ask=lambda channel, value: layer.send(channel, {"type": "question", "value": value, "back": name}),
        join=lambda: layer.group_add("room", name),
        leave=lambda: layer.group_discard("room", name),
    )
    receiving.cancel()


asyncio.run(main())
