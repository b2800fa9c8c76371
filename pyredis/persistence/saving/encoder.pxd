"""Turns the parts that the savers enumerate into bytes of a format.

An ``Encoder`` is a stateless table of functions. An encoder that needs state keeps it next to its ``Output``.
The functions are called in the order of the data:

* For a string: ``string``.
* For a value with parts: ``begin_parts`` with a count, then ``part`` that many times; this is repeated until the value
  is complete. ``part_expiry`` for every part that expires, at some point after its ``part``. ``key_expiry`` if the key
  expires.
* For a stream: ``entry`` for each entry, or ``emptiness`` if the stream has none. Then ``facts``. For each group,
  ``group``, then its ``consumer`` calls, then its ``nack`` calls. ``key_expiry`` if the key expires.
* ``select`` precedes the first call for another database.

A value saved in pieces arrives in several such runs, and runs of other values may arrive between them. The parts of a
kind without order arrive in any order. An encoder that accepts this is ``scattered``. The encoder of commands is,
because every command names its key.

A format that stores a value's length first and then all of its parts (an RDB file) is not scattered. No such encoder
exists, and no saver checks ``scattered``. For an encoder that is not scattered, values must be saved as follows:

* Only one value is written at a time: the one that the walk takes next. Its count is the number of parts that the value
  had when it was opened.
* A large value may change before the walk has reached it, or while the walk is inside another value. The first such
  change opens the value. From then on the guard passes each part to the saver before the part changes. If the walk is
  already past the part, or its name is already set aside, nothing needs to be done. Otherwise the saver sets the name
  aside: with a copy of the old part if the part exists, without one if the part is about to be added.
* When the walk takes the value, the saver writes every copy, and every part of the value whose name is not set aside.
  So the memory needed is proportional to what changes meanwhile, not to the size of the value.
* A small value that is about to change while another value is being written is copied completely, because its bytes
  must not end up inside the other value.

Lists and streams set aside entire nodes and blocks, for every encoder (``list_pieces``, ``stream_pieces``).
``table_walk`` does not set parts aside: it writes the old part at once, which is correct only for a scattered encoder.
"""

from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport ValueKind
from pyredis.keyspace.parts cimport Part
from pyredis.persistence.saving.output cimport Output
from pyredis.types.stream.consumer_groups cimport Consumer, Group, Nack
from pyredis.types.stream.stream cimport Stream, StreamEntry

cdef struct Encoder:
    bint scattered          # a value's parts may come in several runs, with other values between them
    size_t run              # the largest count that `begin_parts` may be given

    # Expiries are Unix times in ms; that of a key is -1 for none.
    void (*select)(Output *out, int database) noexcept nogil
    void (*string)(Output *out, Slice key, Slice value, int64_t expiry) noexcept nogil
    void (*key_expiry)(Output *out, Slice key, int64_t expiry) noexcept nogil

    # For hashes, lists, sets and sorted sets.
    void (*begin_parts)(Output *out, ValueKind kind, Slice key, size_t count) noexcept nogil
    void (*part)(Output *out, ValueKind kind, const Part *part) noexcept nogil
    void (*part_expiry)(Output *out, Slice key, const Part *part) noexcept nogil

    # For streams; `emptiness` replaces the entries if there are none.
    void (*entry)(Output *out, Slice key, StreamEntry *entry) noexcept nogil
    void (*emptiness)(Output *out, Slice key, const Stream *stream) noexcept nogil
    void (*facts)(Output *out, Slice key, const Stream *stream) noexcept nogil
    void (*group)(Output *out, Slice key, Group *group) noexcept nogil
    void (*consumer)(Output *out, Slice key, Group *group, Consumer *consumer) noexcept nogil
    void (*nack)(Output *out, Slice key, Group *group, const Nack *nack) noexcept nogil
