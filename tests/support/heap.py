"""The memory in use in the native allocator, measured so that two measurements can be compared.

The whole process shares the allocator, and garbage of earlier tests may hold native values in reference cycles, which
the collector could free between the two measurements.
"""

import gc

from pyredis.types.handles.table_handle import used_bytes


def settled_bytes() -> int:
    """The bytes in use after all garbage is collected."""
    gc.collect()
    return used_bytes()
