"""Access to a string that a handler changes in place, as an array of bits or of registers."""

from libc.stdint cimport uint64_t

from pyredis.ground.base cimport Slice, likely
from pyredis.ground.blob cimport Blob, blob_begin_write, blob_data
from pyredis.keyspace.keyspace cimport (
    ENCODING_RAW,
    ENTRY_EMBEDDED,
    Database,
    Entry,
    Keyspace,
    entry_embedded,
    entry_pointer,
    keyspace_preserve,
    keyspace_resize_string,
    string_size,
)


cdef inline char *writable_string(Keyspace *keyspace, Database *database, Slice key, uint64_t hash, Entry *entry,
                                  size_t size) noexcept nogil:
    """Returns the bytes of the string, now raw and at least ``size`` long, new ones zero. ``entry`` may be NULL."""
    cdef char *data
    cdef Blob *blob
    if likely(entry != NULL):
        size = max(size, string_size(entry))
        if entry.encoding == ENCODING_RAW and size == string_size(entry):
            keyspace_preserve(keyspace, database, entry)
            if entry.flags & ENTRY_EMBEDDED:
                return <char *> entry_embedded(entry).data
            blob = <Blob *> entry_pointer(entry)
            if blob_begin_write(blob):
                return blob_data(blob)
    keyspace_resize_string(keyspace, database, key, hash, entry, size, &data)
    return data
