"""ioredis and node-redis: scripts, functions, publish/subscribe, MONITOR, pipelines and transactions."""

import pytest

from support.answering import Load, Refused
from support.programs import insist, needs_node

PROGRAMS = ["ioredis", "node-redis"]

needs_node("ioredis", "redis")

CLIENTS = {
    "ioredis": {"CLIENT": "ioredis"},
    "node-redis-resp2": {"CLIENT": "redis", "RESP": "2"},
    "node-redis-resp3": {"CLIENT": "redis", "RESP": "3"},
}


@pytest.fixture(params=CLIENTS)
def client(answering, request):
    client = answering("clients.mjs", **CLIENTS[request.param])
    client.reports("ready", client.process.pid)
    return client


def messages(client, *sent):
    return [event for event in client.events if event.get("message") in sent]


def test_scripts_pipelines_and_transactions_go_on_through_restarts(client, server):
    def job(number):
        if number % 2:
            return client.ask("script", key="sum", value=1)[0]
        return client.ask("together", key="sum", values=[0, 1])[1]

    with Load(job) as load:
        load.outlasts(server)
    assert len(set(load.done.values())) == len(load.done)
    total = insist(lambda: client.ask("script", key="sum", value=0), Refused)
    assert total[1] == "0"
    assert load.accounts_for(total[0])
    assert client.ask("push", key="list", values=list(range(500))) == list(range(1, 501))
    assert client.ask("range", key="list") == list(map(str, range(500)))


def test_messages_arrive_by_channel_and_by_pattern_in_order_before_and_after_restarts(client, server):
    for round, crash in enumerate([False, True, None]):
        sent = [f"{round} {number}" for number in range(50)]
        for message in sent:
            assert client.ask("publish", message=message) == 2
        client.until(lambda _, sent=sent: len(messages(client, *sent)) == 100, "messages")
        for by_pattern in (False, True):
            heard = [event for event in messages(client, *sent) if ("pattern" in event) is by_pattern]
            assert [event["message"] for event in heard] == sent
        if crash is not None:
            server.restart(crash=crash)
            insist(lambda: heard_by_both(client), Refused)


def heard_by_both(client):
    if client.ask("publish", message="there?") != 2:
        raise OSError("not subscribed yet")


def test_functions_are_loaded_called_and_still_there_after_restarts(client, server):
    assert client.ask("load") == "sums"
    total = 0
    for crash in (False, True, None):
        for _ in range(20):
            assert client.ask("call", key="total", value=3) == (total := total + 3)
        assert client.ask("peek", key="total") == str(total)
        if crash is not None:
            server.restart(crash=crash)
            assert insist(lambda: client.ask("peek", key="total"), Refused) == str(total)


def test_monitor_reports_commands_and_those_of_scripts(client):
    assert client.ask("monitor") is True
    client.ask("script", key="watched", value=5)

    def seen(events):
        lines = [f"{event['saw']} {event.get('source', '')}".lower() for event in events if "saw" in event]
        script = [line for line in lines if "eval" in line and "watched" in line]
        inner = [line for line in lines if "incrby" in line and "watched" in line and "lua" in line]
        return script and inner

    client.until(seen, "lines of the script")
