"""The input of one connection: bytes that make no whole request yet, and the arguments found in them so far.

A connection without input of its own reads into a buffer that all share. What a batch leaves unparsed is copied out,
into a buffer that doubles as bytes arrive. A bulk of ``BLOB_SHARED`` bytes and more is not: it is read into a block of
its own, and whoever stores it takes that block as it is. A declared length allocates no memory: a block has room for
eight times what has arrived of its bulk and one read more, or for as much as the client's last large bulk brought, up
to a megabyte.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Arguments, Parser
from pyredis.ground.blob cimport Blob

cdef enum:
    READ_SIZE = 16384

# The large bulks of the request under way.
ctypedef struct Large:
    Blob **blobs                # held, in the order of the arguments
    size_t count
    size_t capacity
    size_t bytes                # in those that are whole
    bint filling                # the last one is not whole yet
    size_t filled               # bytes of it that have arrived, its CRLF included

ctypedef struct Intake:
    char *data                  # NULL where there are none
    size_t size
    size_t capacity
    Arguments partial           # slices of `data` and of the blocks; while `lent`, the server's scratch in its place
    Large *large                # NULL for a request without
    bint lent
    size_t last_large           # size of the large bulk that came last, 0 once a request had none

# Where the next read goes, once `intake_make_room` has been called.
ctypedef struct Window:
    char *data
    size_t size

cdef void intake_make_room(Intake *intake, const Parser *parser) noexcept nogil
cdef Window intake_window(const Intake *intake, const Parser *parser, char *shared) noexcept nogil
# `size` bytes have been read into the window. False where they are a part of a large bulk that is still not whole.
cdef bint intake_read(Intake *intake, Parser *parser, size_t size) noexcept nogil
# Puts the arguments that had arrived in the place of the server's scratch, however many, at no cost.
cdef void intake_restore(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil
# Keeps what is not executed of data[0 : size], and the arguments of a request that is not whole.
cdef void intake_keep(Intake *intake, Parser *parser, Arguments *scratch, char *data, size_t size) noexcept nogil
# Forgets everything.
cdef void intake_drop(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil
# Bytes that are held; bytes that there is room for besides.
cdef size_t intake_held(const Intake *intake) noexcept nogil
cdef size_t intake_free(const Intake *intake) noexcept nogil
