"""The adapters of socket.io: two servers reach each other's clients by publish/subscribe, or by streams."""

import pytest

from support.programs import needs_node

PROGRAMS = ["@socket.io/redis-adapter", "@socket.io/redis-streams-adapter"]

needs_node("socket.io", "socket.io-client", "@socket.io/redis-adapter", "@socket.io/redis-streams-adapter", "redis")


@pytest.mark.parametrize("adapter", ["pubsub", "streams"])
def test_two_servers_reach_each_others_clients_before_and_after_restarts(answering, server, adapter):
    one, other = (answering("socketio_server.mjs", ADAPTER=adapter) for _ in range(2))
    browser = answering("socketio_client.mjs")
    near = browser.ask("connect", name="near", port=one.ask("port"))
    far = browser.ask("connect", name="far", port=other.ask("port"))
    assert browser.ask("join", name="far", room="room") == "room"
    browser.hears(lambda word: one.ask("emit", value=word), to="far")
    for round, crash in enumerate([False, True, None]):
        reaches_all(one, browser, round)
        assert one.ask("sockets") == sorted([near, far])
        assert one.ask("between", value=round) == [round + 1]
        other.reports("between", round)
        assert sorted(other.ask("ask", value=round)) == [f"far: {round}", f"near: {round}"]
        if crash is not None:
            server.restart(crash=crash)
            browser.hears(lambda word: one.ask("emit", value=word), to="far")
            browser.hears(lambda word: other.ask("emit", value=word), to="near")


def reaches_all(server, browser, round):
    """Each message to all arrives at both clients, in order, and each to the room at the far one only."""
    for number in range(20):
        server.ask("emit", value=f"all {round} {number}")
        server.ask("emit", value=f"room {round} {number}", room="room")

    def heard(by, what):
        return [e["news"] for e in browser.events if e.get("to") == by and e["news"].startswith(f"{what} {round} ")]

    wanted = {what: [f"{what} {round} {number}" for number in range(20)] for what in ("all", "room")}
    browser.until(lambda _: len(heard("far", "room")) == len(heard("near", "all")) == 20, "messages")
    assert heard("near", "all") == heard("far", "all") == wanted["all"]
    assert heard("far", "room") == wanted["room"]
    assert heard("near", "room") == []
