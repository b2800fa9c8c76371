"""Counts over all clients and all databases, for INFO and MEMORY. Native because there may be very many."""

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
    """Totals over all clients. The buffers are the largest of any client, in bytes; the last two fields are counts.

    ``memory`` is the sum of all bytes, ``allocated`` the part of it that the core's allocator counts as used.
    """

    memory: int
    allocated: int
    input_buffer: int
    output_buffer: int
    blocked: int
    watching: int


def client_totals(hub):
    """Returns the totals over the clients of a hub."""
    return ClientTotals(*hub.client_totals())


def watched_keys(State core):
    """Returns how many keys are watched, each counted once however many clients watch it."""
    cdef int index
    cdef uint64_t total = 0
    for index in range(core.server.keyspace.count):
        total += table_size(&core.server.keyspace.databases[index].watched)
    return total


def waiting(State core):
    """Returns (waiting commands with a timeout, awaited keys, awaited keys whose removal also wakes a command)."""
    cdef Waiting *waiting = &core.server.waiting
    return waiting.deadlines, waiting.keys, waiting.eager_keys


def rehashing(State core):
    """Returns, for each table of keys or expiries that is being resized, the size of its old array in bytes."""
    cdef Database *database
    cdef int index
    cdef list found = []
    for index in range(core.server.keyspace.count):
        database = &core.server.keyspace.databases[index]
        found += leaving(&database.keys) + leaving(&database.expires)
    return found


cdef list leaving(Table *table):
    return [sizeof(Bucket) << table.exponent[0]] if table_is_resizing(table) else []
