"""What all stream commands share: ids in arguments and replies, entries in replies, the stream of a key."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied, Reply
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Entry
from pyredis.types.stream.consumer_groups cimport Group
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream cimport Stream, StreamEntry

# ---- ids in arguments ----

# "ms", "ms-seq", with `wildcard` also "ms-*", which sets it. `missing` is the number of an id that tells none.
cdef bint parse_id(Slice text, uint64_t missing, StreamId *id, bint *wildcard) noexcept nogil
# These answer an error and return False where the argument is no id.
cdef bint id_argument(Call *call, int index, StreamId *id) noexcept nogil
cdef Replied reply_invalid_id(Call *call) noexcept nogil
# The ends of a range, "-" and "+" and exclusive ones among them, as inclusive ones.
cdef bint first_argument(Call *call, int index, StreamId *id) noexcept nogil
cdef bint last_argument(Call *call, int index, StreamId *id) noexcept nogil
# Reads argument `index` as an integer, with an error text of its own.
cdef bint number_argument(Call *call, int index, int64_t *value, const char *error) noexcept nogil
cdef bint is_text(Slice text, char single) noexcept nogil

# ---- ids and entries in replies ----

cdef Replied reply_id(Reply *reply, StreamId id) noexcept nogil
# An array of the id and of an array of names and values.
cdef Replied reply_entry(Reply *reply, StreamEntry *entry) noexcept nogil
# The entry with this id; false, and nothing replied, when there is none.
cdef bint reply_entry_of(Reply *reply, Stream *stream, StreamId id) noexcept nogil

# ---- streams of keys ----

# The stream at argument `index`. NULL where there is none, or where the answer has been WRONGTYPE (`call.failed`).
cdef Stream *read_stream(Call *call, int index) noexcept nogil
cdef Stream *write_stream(Call *call, int index) noexcept nogil
# The same for what reads on behalf of a group, and counts and tells a miss as reading does.
cdef Stream *consumed_stream(Call *call, int index) noexcept nogil
cdef Stream *stream_of(const Entry *entry) noexcept nogil
# Puts a new stream where nothing is.
cdef Stream *create_stream(Call *call, int index) noexcept nogil
cdef Group *find_group(const Stream *stream, Slice name) noexcept nogil
# As Redis says it of a subcommand's arguments that make no sense; `command` in capitals.
cdef Replied refuse_subcommand(Call *call, const char *command) noexcept nogil
# NOGROUP as XPENDING, XCLAIM and XAUTOCLAIM say it of arguments 1 and 2.
cdef Replied reply_no_key_or_group(Call *call) noexcept nogil
# NOGROUP as XGROUP and XINFO say it of arguments 2 and 3.
cdef Replied reply_no_group(Call *call) noexcept nogil
