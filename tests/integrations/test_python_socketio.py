"""python-socketio: two server processes that reach each other's clients through AsyncRedisManager."""

from support.programs import needs

PROGRAMS = ["python-socketio"]

needs("socketio", "uvicorn", "aiohttp")


def test_two_servers_reach_each_others_clients_before_and_after_restarts(answering, server):
    one, other = answering("socketio_server.py"), answering("socketio_server.py")
    browser = answering("socketio_client.py")
    browser.ask("connect", name="near", port=one.ask("port"))
    far = browser.ask("connect", name="far", port=other.ask("port"))
    assert browser.ask("join", name="far", room="room") == "room"
    for round, crash in enumerate([False, True, None]):
        reaches_all(one, browser, far, round)
        if crash is not None:
            server.restart(crash=crash)
            browser.hears(lambda word: one.ask("emit", value=word), to="far")
            browser.hears(lambda word: other.ask("emit", value=word), to="near")
    one.ask("drop", sid=far)
    browser.reports("dropped", "far")


def reaches_all(server, browser, far, round):
    for number in range(20):
        server.ask("emit", value=f"all {round} {number}")
        server.ask("emit", value=f"room {round} {number}", room="room")
    assert server.ask("question", sid=far, value=round) == f"far: {round}"
    everyone = {"near", "far"}
    for number in range(20):
        heard = f"all {round} {number}"
        browser.until(
            lambda events, heard=heard: {e["to"] for e in events if e.get("news") == heard} == everyone, heard
        )
        browser.reports("news", f"room {round} {number}")
    assert {e["to"] for e in browser.events if str(e.get("news")).startswith("room")} == {"far"}
