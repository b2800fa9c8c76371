"""The request parser alone, on requests already in memory, compared with hiredis, which makes Python objects.

The native side is one function of the extension: ``pyredis._resp.benchmark_parser(data, rounds) -> int`` parses `data`,
which contains complete requests, ``rounds`` times and returns how many requests it has seen.
"""

import argparse
import time
from collections.abc import Callable

import hiredis

from benchmarks.loader import command, key, value
from benchmarks.report import Figure, Row, median_pairs

BATCH = 256
REPETITIONS = 400
PAIRS = [part for number in range(10) for part in (key(number), value(number))]
SHAPES = {
    "GET": command(b"GET", key(1)),
    "SET 16 B": command(b"SET", key(1), value(1)),
    "SET 1 KB": command(b"SET", key(1), b"v" * 1024),
    "MSET of 10": command(b"MSET", *PAIRS),
}


def native() -> Callable[[bytes, int], int]:
    from pyredis import _resp

    return _resp.benchmark_parser


def by_hiredis(data: bytes, repetitions: int) -> int:
    reader, seen = hiredis.Reader(), 0
    for _ in range(repetitions):
        reader.feed(data)
        while reader.gets() is not False:
            seen += 1
    return seen


def measure(parse: Callable[[bytes, int], int], data: bytes, repetitions: int) -> dict[str, float]:
    begin = time.perf_counter()
    seen = parse(data, repetitions)
    elapsed = time.perf_counter() - begin
    if seen != BATCH * repetitions:
        raise RuntimeError(f"{seen} requests seen, {BATCH * repetitions} sent")
    return {"ns": elapsed / seen * 1e9}


def run(options: argparse.Namespace) -> list[Row]:
    parsers = {"pyredis": native(), "hiredis": by_hiredis}
    repetitions = REPETITIONS // (20 if options.quick else 1)
    rows = []
    for shape, request in SHAPES.items():
        if not shape.startswith(options.only or ""):
            continue
        data = request * BATCH
        gathered = median_pairs(
            options.rounds or 5, list(parsers.values()), lambda parse, data=data: measure(parse, data, repetitions)
        )
        described = f"{BATCH} × {request[:60]!r}, {repetitions} times"
        figures = [Figure(name, values["ns"], "", described) for name, values in zip(parsers, gathered, strict=True)]
        rows.append(Row(f"parse {shape}", "ns per request", *figures))
    return rows
