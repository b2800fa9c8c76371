"""Benchmarks in layers: the parser alone, the core in process, the server end to end in comparison with another.

``python -m benchmarks --help`` lists them; ``benchmarks/README.md`` says which layer bounds which. They run from a
checkout and use the tests' servers and raw client.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"

sys.path.insert(0, str(ROOT / "tests"))
