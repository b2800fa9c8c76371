"""The browser's side of python-socketio: any number of clients, each of one server."""

import asyncio

import socketio
from serving import HOST, report, serve_async

clients = {}


async def connect(name, port):
    client = clients[name] = socketio.AsyncClient()
    client.on("news", lambda value: report(news=value, to=name))
    client.on("question", lambda value: f"{name}: {value}")
    client.on("disconnect", lambda *_: report(dropped=name))
    await client.connect(f"http://{HOST}:{port}", transports=["websocket"])
    return client.get_sid()


asyncio.run(serve_async(connect=connect, join=lambda name, room: clients[name].call("join", room, timeout=20)))
