"""Fuzzing guided by coverage: ``python -m fuzz.guided TARGET [libFuzzer's options and corpora]``; needs atheris.

Only native modules built with ``PYREDIS_SANITIZE=fuzzer-no-link,…`` guide it; ``tools/fuzz`` makes such a build.
"""

import sys

import atheris

from fuzz.targets import TARGETS


def main() -> None:
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target, enable_python_coverage=False)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
