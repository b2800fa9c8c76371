"""Replies that the socket does not take at once, sent from the memory they stand in.

A small reply is copied out of the reply buffer; the pieces of a large one keep their blocks alive until they are sent.
"""

from pyredis._resp cimport Reply
from pyredis.ground.blob cimport Blob
from pyredis.ground.memory cimport Account

cdef enum:
    # Bytes that one client is sent before others have their turn: a value of a megabyte and what is around it.
    SEND_SLICE = (1 << 20) + 65536


# Bytes that stay where they are as long as this object lives; it exports them as a buffer.
cdef class Part:
    cdef const char *data
    cdef size_t size
    cdef Blob *blob             # held; NULL where `owner` has the bytes
    cdef Account *memory        # of the server that the block counts for
    cdef object owner


# What a batch has replied, detached from the reply buffer.
cdef class Parcel:
    cdef list parts
    cdef readonly size_t size

    cdef int append(self, Part part, size_t *skip) except -1


cdef class Outgoing:
    cdef object parts           # deque of Part
    cdef size_t offset          # bytes of the first one that are sent
    cdef readonly size_t size   # bytes not sent yet

    cdef int add(self, Parcel parcel) except -1
    cdef int add_bytes(self, bytes data) except -1
    # Sends up to SEND_SLICE bytes. Returns how many, 0 where the socket takes none; -1 where it has failed.
    cdef ssize_t send(self, int fd) except -2
    # The next bytes, at most `most`, for somebody else to send.
    cdef object take(self, size_t most)
    cdef int pass_over(self, size_t size) except -1


# Sends up to SEND_SLICE of the bytes that stand in the reply buffer from `begin` on, pieces included. Returns how many,
# 0 where the socket takes none, -1 where it has failed.
cdef ssize_t send_reply(int fd, const Reply *reply, size_t begin) noexcept nogil
# Takes those bytes out of the reply buffer, but for the first `sent`.
cdef Parcel parcel_of(Reply *reply, size_t begin, size_t sent)
