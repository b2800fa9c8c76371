"""A stream that several workers share, one of which is killed: the strongest earthquakes since 1900.

    python examples/stream_workers.py [--url redis://localhost:6379]

Every earthquake is an entry; workers of one consumer group read some entries at a time, compute the energy set free
and acknowledge. The first worker is killed with entries in its hands. They stay pending, and the others take them over
by XAUTOCLAIM once they have lain idle for a while. An entry may so be worked on twice: the result is stored under the
entry's id, in one transaction with the acknowledgement, so that it counts once.
"""

import os
import signal
import subprocess
import sys

import redis
from connect import argument_parser, rows, server_url

STREAM, GROUP, RESULTS, WORKED = "earthquakes", "seismologists", "earthquakes:joules", "earthquakes:worked"
AT_ONCE = 4
IDLE_MS = 300
BLOCK_MS = 100

Entry = tuple[str, dict[str, str]]


def publish(client: redis.Redis) -> int:
    """All entries and the group that reads them from the beginning; returns how many there are."""
    client.delete(STREAM, RESULTS, WORKED)
    client.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for row in rows("earthquakes.csv"):
        client.xadd(STREAM, row)
    return client.xlen(STREAM)


def joules(magnitude: float) -> float:
    """Gutenberg and Richter: log10 of the energy is 1.5 M + 4.8."""
    return 10 ** (1.5 * magnitude + 4.8)


def work_on(client: redis.Redis, name: str, entry: Entry) -> None:
    identifier, earthquake = entry
    with client.pipeline(transaction=True) as pipeline:
        pipeline.hset(RESULTS, identifier, f"{joules(float(earthquake['magnitude'])):.2e}")
        pipeline.xack(STREAM, GROUP, identifier)
        pipeline.hincrby(WORKED, name, 1)
        pipeline.execute()


def take_over(client: redis.Redis, name: str) -> list[Entry]:
    """Entries that another worker has had for too long."""
    return client.xautoclaim(STREAM, GROUP, name, min_idle_time=IDLE_MS, count=AT_ONCE)[1]


def read_new(client: redis.Redis, name: str) -> list[Entry]:
    found = client.xreadgroup(GROUP, name, {STREAM: ">"}, count=AT_ONCE, block=BLOCK_MS)
    if not found:
        return []
    # A map of streams in RESP3, a list of pairs in RESP2.
    ((_, entries),) = found.items() if isinstance(found, dict) else found
    return entries[0] if isinstance(found, dict) else entries


def work(client: redis.Redis, name: str, dies: bool) -> None:
    """Works until every entry has its result. One that ``dies`` is killed after its first."""
    total = client.xlen(STREAM)
    while client.hlen(RESULTS) < total:
        entries = take_over(client, name) or read_new(client, name)
        for entry in entries:
            work_on(client, name, entry)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)


def start_worker(url: str, name: str, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--url", url, "--worker", name, *more])


def run(client: redis.Redis, url: str) -> None:
    total = publish(client)
    lost = start_worker(url, "Inge", "--dies").wait()
    pending = client.xpending(STREAM, GROUP)
    print(f"{total} earthquakes; the first worker ended with {lost}, {pending['pending']} entries pending")
    for worker in [start_worker(url, name) for name in ("Charles", "Beno")]:
        worker.wait()
    worked = {name: int(count) for name, count in client.hgetall(WORKED).items()}
    print(f"{client.hlen(RESULTS)} results, {client.xpending(STREAM, GROUP)['pending']} entries pending")
    print(f"worked on {sum(worked.values())} entries, Inge on {worked['Inge']} of them")
    strongest, earthquake = max(client.xrange(STREAM), key=lambda entry: float(entry[1]["magnitude"]))
    print(f"the strongest: {earthquake['place']}, {earthquake['date']}, {client.hget(RESULTS, strongest)} J")


def main() -> None:
    parser = argument_parser("A consumer group that loses a worker.")
    parser.add_argument("--worker", metavar="NAME", help="be a worker of that name")
    parser.add_argument("--dies", action="store_true", help="... that is killed after its first entry")
    options = parser.parse_args()
    with server_url(options.url) as url, redis.Redis.from_url(url, decode_responses=True) as client:
        if options.worker:
            work(client, options.worker, options.dies)
        else:
            run(client, url)


if __name__ == "__main__":
    main()
