"""What INFO and MEMORY count over all clients and all databases, natively because there may be very many."""

from typing import NamedTuple

from libc.stdint cimport uint64_t

from pyredis.call.state cimport State
from pyredis.call.waiting cimport Waiting
from pyredis.ground.base cimport Bucket
from pyredis.keyspace.keyspace cimport Database
from pyredis.types.table.hashtable cimport Table, table_is_resizing, table_size

cdef extern from *:
    const char *COMPILER "__VERSION__"

compiler = COMPILER.decode()


class ClientTotals(NamedTuple):
    """Over all clients: the buffers are the largest there are, in bytes; the last two are counts.

    ``memory`` is the sum of all bytes, ``allocated`` of those among them that the core's allocator counts as used.
    """

    memory: int
    allocated: int
    input_buffer: int
    output_buffer: int
    blocked: int
    watching: int


def client_totals(hub):
    """The totals over the clients of a hub."""
    return ClientTotals(*hub.client_totals())


def watched_keys(State core):
    """How many keys are watched, each once however many watch it."""
    cdef int index
    cdef uint64_t total = 0
    for index in range(core.server.keyspace.count):
        total += table_size(&core.server.keyspace.databases[index].watched)
    return total


def waiting(State core):
    """Of the commands that wait for keys: (with a timeout, keys awaited, those whose removal wakes somebody)."""
    cdef Waiting *waiting = &core.server.waiting
    return waiting.deadlines, waiting.keys, waiting.eager_keys


def rehashing(State core):
    """Of each table of keys or expiries that is being resized, the bytes of the array it leaves."""
    cdef Database *database
    cdef int index
    cdef list found = []
    for index in range(core.server.keyspace.count):
        database = &core.server.keyspace.databases[index]
        found += leaving(&database.keys) + leaving(&database.expires)
    return found


cdef list leaving(Table *table):
    return [sizeof(Bucket) << table.exponent[0]] if table_is_resizing(table) else []
