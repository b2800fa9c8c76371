"""The native library's own module, which setup.py writes."""

MODULES: frozenset[str]
"""The full names of the modules in the library."""
