"""Fuzzing guided by coverage: ``python -m fuzz.guided TARGET [libFuzzer's options and corpora]``; needs atheris.

Only native modules built with ``PYREDIS_SANITIZE=fuzzer-no-link,…`` guide it; ``tools/fuzz`` makes such a build. Half
of the mutations are libFuzzer's, half know the protocol (``fuzz.mutate``).
"""

import random
import sys

import atheris

from fuzz.mutate import changed, corpus
from fuzz.targets import TARGETS


def main() -> None:
    target = sys.argv[1]
    seeds = corpus(target)

    def mutator(data: bytes, max_size: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.5:
            return atheris.Mutate(data, max_size)
        return changed(draw, bytes(data), seeds)[:max_size]

    options = [sys.argv[0], *sys.argv[2:]]
    atheris.Setup(options, TARGETS[target], custom_mutator=mutator, enable_python_coverage=False)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
