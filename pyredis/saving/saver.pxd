"""What a kind of value tells a snapshot: the commands that make the value anew.

A kind other than strings has a module in this package that fills a ``Saver`` and registers it when it is imported;
``saving/__init__.py`` imports them all. Commands are appended piece by piece with ``append_header`` and
``append_bulk`` (``_aof_commands.pxd``); the database has been selected, and the caller publishes them. They must do
the same in Redis, in any version from 7.0 on, and they are executed as a file is loaded: nothing expires meanwhile.
"""

from libc.stdint cimport int64_t

from pyredis._aof cimport Aof
from pyredis._base cimport Slice
from pyredis._keyspace cimport Entry, ValueKind

# Where a base's commands go: the ring of its file.
ctypedef Aof *Output

cdef enum:
    # Parts (fields, members, …) that one command brings at most.
    COMMAND_PARTS = 64

ctypedef struct Saver:
    # The whole value, which must not change. The key's own expiry is the caller's business.
    void (*save)(Output out, Slice key, void *value) noexcept nogil

cdef void saver_register(ValueKind kind, const Saver *saver) noexcept nogil
# NULL where the kind has none.
cdef const Saver *saver_of(int kind) noexcept nogil

# The whole of a key, its expiry too; false, and nothing appended, where its kind has no saver.
cdef bint save_entry(Output out, const Entry *entry) noexcept nogil
cdef void save_select(Output out, int database) noexcept nogil
cdef void save_expiry(Output out, Slice key, int64_t expiry) noexcept nogil
cdef void append_integer(Output out, int64_t value) noexcept nogil
