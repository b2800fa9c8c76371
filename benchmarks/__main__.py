"""The command line: one subcommand per benchmark, the same options for all.

Every benchmark is a function ``run(options) -> list[Row]``. Its rows are printed as a table and written to
``benchmarks/results/NAME.json``, ``NAME.txt`` and, if matplotlib is installed, ``NAME.png``.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import (
    RESULTS,
    connections,
    core,
    durable,
    embedded,
    endtoend,
    eviction,
    expiry,
    loading,
    memory,
    parser,
    pause,
    pubsub,
    report,
    scripts,
    start,
    structures,
    tls,
    tracking,
    transactions,
)
from benchmarks.servers import prepare_process

BENCHMARKS = {
    "parser": (parser.run, "the request parser alone, in process"),
    "core": (core.run, "parser, dispatch, keyspace and reply writer in process, without a socket; calls from Python"),
    "embedded": (embedded.run, "databases in the process: calls from Python, imports, a busy thread beside a server"),
    "endtoend": (endtoend.run, "requests/s and server CPU per request, P1 and P16, a million keys"),
    "structures": (
        structures.run,
        "lists, sets, sorted sets, streams and others: requests/s and server CPU per request",
    ),
    "pubsub": (pubsub.run, "server CPU per delivered message, PUBLISH to 1, 100 and 1,000 subscribers"),
    "tracking": (tracking.run, "server CPU per key that clients have cached: writing it, and reading it"),
    "scripts": (scripts.run, "EVALSHA of short and of long scripts: requests/s and server CPU per request"),
    "transactions": (transactions.run, "server CPU per transaction of ten SETs"),
    "tls": (tls.run, "TLS: requests/s and server CPU per request, P1 and P16; handshakes"),
    "everysec": (endtoend.run_everysec, "SET with appendfsync everysec, compared with the same and no persistence"),
    "always": (durable.run, "appendfsync always: 50 writers and 50 readers of other keys, also on a slow disk"),
    "memory": (memory.run, "bytes per key by used_memory and by RSS"),
    "connections": (connections.run, "memory of idle connections"),
    "start": (start.run, "from exec to the first PONG, and the memory resident then"),
    "loading": (loading.run, "the time to load an append-only file"),
    "pause": (pause.run, "the longest pause of a pinging client while others insert keys"),
    "eviction": (eviction.run, "a cache of half its working set: requests/s, hits by LRU and LFU, resident memory"),
    "expiry": (expiry.run, "a million keys that expire in the same second: how long, and the longest pause meanwhile"),
}


def arguments() -> argparse.ArgumentParser:
    parse = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    commands = parse.add_subparsers(dest="name", required=True, metavar="BENCHMARK")
    for name, (_, text) in BENCHMARKS.items():
        add_options(commands.add_parser(name, help=text, description=text))
    add_options(commands.add_parser("all", help="all of them, one after the other"))
    commands.add_parser("report", help="rewrite the figures in both READMEs from the JSON files")
    return parse


def add_options(parse: argparse.ArgumentParser) -> None:
    parse.add_argument("--quick", action="store_true", help="a fraction of the work, to check that it runs")
    parse.add_argument("--rounds", type=int, help="number of interleaved pairs of runs, whose medians are reported")
    parse.add_argument("--our-command", metavar="COMMAND", help="our server (python -P -m pyredis)")
    parse.add_argument("--other-command", metavar="COMMAND", default="redis-server", help="the server to compare with")
    parse.add_argument("--other-address", metavar="HOST:PORT", help="a server already running; IT WILL BE EMPTIED")
    parse.add_argument("--other-name", help="its name in tables (by default the command's)")
    parse.add_argument("--only", metavar="TEXT", help="only the cases whose name begins with this text")
    parse.add_argument("--keys", type=int, help="number of keys, fields or connections")
    parse.add_argument("--size", type=int, metavar="BYTES", help="size of the file to load")
    parse.add_argument("--folder", type=Path, help="where the servers keep their files (the system's temporary folder)")
    parse.add_argument("--results", type=Path, default=RESULTS, help="where results are written")


def run_one(name: str, options: argparse.Namespace) -> None:
    function, title = BENCHMARKS[name]
    with tempfile.TemporaryDirectory(prefix="pyredis-benchmark-", dir=options.folder) as folder:
        options.work = Path(folder)
        rows = function(options)
    report.write(name, title, rows, options)


def main() -> None:
    options = arguments().parse_args()
    if options.name == "report":
        report.rewrite_readme()
        return report.rewrite_project_readme()
    prepare_process()
    for name in BENCHMARKS if options.name == "all" else [options.name]:
        run_one(name, options)


if __name__ == "__main__":
    main()
