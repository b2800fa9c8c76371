"""A server of python-socketio that shares its rooms with others through AsyncRedisManager."""

import asyncio
import logging

import socketio
from serving import URL, serve_asgi

logging.getLogger("socketio").setLevel(logging.CRITICAL)
manager = socketio.AsyncRedisManager(URL)
server = socketio.AsyncServer(async_mode="asgi", client_manager=manager, cors_allowed_origins="*")


@server.event
async def join(sid, room):
    await server.enter_room(sid, room)
    return room


async def question(sid, value):
    """Ask a client, which may be connected to another server, and return its answer."""
    return await server.call("question", value, to=sid, timeout=20)


asyncio.run(
    serve_asgi(
        socketio.ASGIApp(server),
        emit=lambda value, room=None: server.emit("news", value, room=room),
        question=question,
        drop=lambda sid: server.disconnect(sid),
    )
)
