"""What the native allocator has handed out, told so that two tellings can be compared.

The allocator is the process's, and garbage of earlier tests may hold native values in cycles: the collector would free
them between the two tellings.
"""

import gc

from pyredis.types.handles.table_handle import used_bytes


def settled_bytes() -> int:
    """The bytes in use once all garbage is gone."""
    gc.collect()
    return used_bytes()
