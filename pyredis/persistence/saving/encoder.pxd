"""What becomes of the parts that the savers enumerate: bytes of one format or another.

An ``Encoder`` is a table of functions, stateless; what an encoder has to remember it keeps beside its ``Output``. The
order of the calls is that of the data. For a string: ``string``. For a value with parts: ``begin_parts``, so many times
``part``, and this again until the value is whole; ``part_expiry`` for every part that expires, after it; ``key_expiry``
if the key expires. For a stream: an ``entry`` each, or ``emptiness``; ``facts``; for each group ``group``, its
``consumer``s, its ``nack``s; ``key_expiry``. ``select`` goes before the first call for another database.

A value saved in pieces comes in several of these runs, between which there may be those of others, and in any order
where its kind has none. So the encoder of commands may be ``scattered``: every command names its key.

A format that has a value's length first and its parts together (an RDB file) is not. For it the count is what the
value has when it is opened, and only the value that the walk takes next is written. A large value that changes before
the walk has reached it, or while the walk is inside another one, is opened by its first change; from then on the
guard hands over each old part before it changes, and the saver sets it aside by name: the part itself where it is
ahead of the walk, a bare name for one that comes. When the walk takes the value, those parts are written from there
instead of from the value, and the bare names are passed over. So what is kept is as large as what changes meanwhile,
not as the value. Lists and streams do it with whole nodes and blocks already, whatever the encoder (``list_pieces``,
``stream_pieces``); a table's parts, which ``table_walk`` writes at once for a scattered encoder, are what it has to
set aside for any other. A small value that is about to change while another one is being written is copied as a
whole, for the same reason.
"""

from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport ValueKind
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.output cimport Output
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack
from pyredis.types.stream.stream cimport Stream, StreamEntry

cdef struct Encoder:
    bint scattered          # a value's parts may come in several runs
    size_t run              # parts that one `begin_parts` may announce at most

    # Expiries are Unix time in ms; of a key, -1 for none.
    void (*select)(Output *out, int database) noexcept nogil
    void (*string)(Output *out, Slice key, Slice value, int64_t expiry) noexcept nogil
    void (*key_expiry)(Output *out, Slice key, int64_t expiry) noexcept nogil

    # Of hashes, lists, sets and sorted sets.
    void (*begin_parts)(Output *out, ValueKind kind, Slice key, size_t count) noexcept nogil
    void (*part)(Output *out, ValueKind kind, const Part *part) noexcept nogil
    void (*part_expiry)(Output *out, Slice key, const Part *part) noexcept nogil

    void (*entry)(Output *out, Slice key, StreamEntry *entry) noexcept nogil
    # Instead of entries.
    void (*emptiness)(Output *out, Slice key, const Stream *stream) noexcept nogil
    void (*facts)(Output *out, Slice key, const Stream *stream) noexcept nogil
    void (*group)(Output *out, Slice key, Group *group) noexcept nogil
    void (*consumer)(Output *out, Slice key, Group *group, Consumer *consumer) noexcept nogil
    void (*nack)(Output *out, Slice key, Group *group, const Nack *nack) noexcept nogil
