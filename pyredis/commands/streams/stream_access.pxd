"""What all stream commands share: ids in arguments and replies, entries in replies, the stream stored at a key."""

from libc.stdint cimport int64_t, uint64_t

from pyredis._resp cimport Replied, Reply
from pyredis.call.call cimport Call
from pyredis.ground.base cimport Slice
from pyredis.keyspace.keyspace cimport Entry
from pyredis.types.stream.consumer_groups cimport Group
from pyredis.types.stream.id_index cimport StreamId
from pyredis.types.stream.stream cimport Stream, StreamEntry

# ---- ids in arguments ----

# Reads "ms" or "ms-seq"; "ms-*" only if `wildcard` is not NULL, and sets it. `missing` is the number used for "ms".
cdef bint parse_id(Slice text, uint64_t missing, StreamId *id, bint *wildcard) noexcept nogil
# These reply with an error and return False if the argument is not an id.
cdef bint id_argument(Call *call, int index, StreamId *id) noexcept nogil
cdef Replied reply_invalid_id(Call *call) noexcept nogil
# Read the ends of a range, including "-", "+" and exclusive ends, as inclusive ids.
cdef bint first_argument(Call *call, int index, StreamId *id) noexcept nogil
cdef bint last_argument(Call *call, int index, StreamId *id) noexcept nogil
# Reads argument `index` as an integer; on error, replies with the text `error` and returns False.
cdef bint number_argument(Call *call, int index, int64_t *value, const char *error) noexcept nogil
cdef bint is_text(Slice text, char single) noexcept nogil

# ---- ids and entries in replies ----

cdef Replied reply_id(Reply *reply, StreamId id) noexcept nogil
# Replies with an array of the id and an array of field names and values.
cdef Replied reply_entry(Reply *reply, StreamEntry *entry) noexcept nogil
# Replies with the entry that has this id; if there is none, replies nothing and returns False.
cdef bint reply_entry_of(Reply *reply, Stream *stream, StreamId id) noexcept nogil

# ---- streams of keys ----

# Return the stream at argument `index`; NULL if absent, or after replying WRONGTYPE (`call.failed`).
cdef Stream *read_stream(Call *call, int index) noexcept nogil
cdef Stream *write_stream(Call *call, int index) noexcept nogil
# The same for reads on behalf of a group, which count and report a miss as other reads do.
cdef Stream *consumed_stream(Call *call, int index) noexcept nogil
cdef Stream *stream_of(const Entry *entry) noexcept nogil
# Stores a new, empty stream at a key that is absent.
cdef Stream *create_stream(Call *call, int index) noexcept nogil
cdef Group *find_group(const Stream *stream, Slice name) noexcept nogil
# Replies NOGROUP in the words of XPENDING, XCLAIM and XAUTOCLAIM, for arguments 1 and 2.
cdef Replied reply_no_key_or_group(Call *call) noexcept nogil
# Replies NOGROUP in the words of XGROUP and XINFO, for arguments 2 and 3.
cdef Replied reply_no_group(Call *call) noexcept nogil
