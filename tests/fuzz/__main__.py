"""Fuzzing without guidance: ``python -m fuzz TARGET [--seconds N] [--seed N] [file …]``.

Runs the corpus, then mutations of it, until the time is up. With files, runs each of them once instead, to reproduce a
finding. The current input is kept in the file ``--keep``, where it remains if the process dies.
"""

import argparse
import random
import time
from pathlib import Path

from fuzz.mutate import corpus, mutate
from fuzz.targets import FOLDER, TARGETS


def run(target: str, seconds: float, seed: int, keep: Path) -> int:
    """Runs the corpus and mutations of it for so many seconds; returns how many inputs were run."""
    seeds, draw, count = corpus(target), random.Random(seed), 0
    until = time.monotonic() + seconds
    while count < len(seeds) or time.monotonic() < until:
        data = seeds[count] if count < len(seeds) else mutate(draw, seeds)
        keep.write_bytes(data)
        TARGETS[target](data)
        count += 1
    keep.unlink()
    return count


def main() -> None:
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--keep", type=Path, default=FOLDER.parent / f"{FOLDER.name}-input")
    options = parser.parse_args()
    for path in options.files:
        TARGETS[options.target](path.read_bytes())
    if not options.files:
        seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
        print(f"{options.target}: seed {seed}, the current input in {options.keep}", flush=True)
        print(run(options.target, options.seconds, seed, options.keep), "inputs")


if __name__ == "__main__":
    main()
