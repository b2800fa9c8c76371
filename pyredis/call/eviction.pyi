"""Evicting keys, mostly for native code: see ``call/eviction.pxd``."""

# The directives that say which keys are evicted, and how.
EVICTION_DIRECTIVES: tuple[str, ...]
