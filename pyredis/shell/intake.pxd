"""The input of one connection: the bytes of an incomplete request, and the arguments found in them so far.

A connection without input of its own reads into a buffer that all connections share. What a batch leaves unparsed is
copied to a buffer of the connection's own, which doubles as bytes arrive. A bulk of ``BLOB_SHARED`` bytes or more is
read into a block of its own instead, and a command that stores the bulk takes over the block without a copy. A declared
length allocates no memory: a block has room for eight times the bytes of its bulk that have arrived plus one read, or
for as many bytes as the client's last large bulk had, up to a megabyte.
"""

from libc.stdint cimport uint64_t

from pyredis._resp cimport Arguments, Parser
from pyredis.ground.blob cimport Blob

cdef enum:
    READ_SIZE = 16384

# The large bulks of the current request.
ctypedef struct Large:
    Blob **blobs                # held, in the order of the arguments
    size_t count
    size_t capacity
    size_t bytes                # in those that are complete
    bint filling                # the last one is not complete yet
    size_t filled               # bytes of it that have arrived, its CRLF included

ctypedef struct Intake:
    char *data                  # NULL if no bytes are held
    size_t size
    size_t capacity
    Arguments partial           # slices of `data` and of the blocks; while `lent`, the scratch and these have swapped
    Large *large                # NULL if the request has none
    bint lent                   # the arguments are in the server's scratch, and the scratch's array is here
    size_t last_large           # size of the last large bulk, 0 after a request without one

# Where the next read stores its bytes. `intake_make_room` must be called first.
ctypedef struct Window:
    char *data
    size_t size

cdef void intake_make_room(Intake *intake, const Parser *parser) noexcept nogil
cdef Window intake_window(const Intake *intake, const Parser *parser, char *shared) noexcept nogil
# Notes that `size` bytes have been read into the window. False if a large bulk is still not complete.
cdef bint intake_read(Intake *intake, Parser *parser, size_t size) noexcept nogil
# Swaps the arguments that have arrived with the server's scratch; the cost does not depend on their number.
cdef void intake_restore(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil
# Keeps the bytes of data[0 : size] that are not executed, and the arguments of an incomplete request.
cdef void intake_keep(Intake *intake, Parser *parser, Arguments *scratch, char *data, size_t size) noexcept nogil
# Releases everything.
cdef void intake_drop(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil
# Bytes that are held; bytes of free room.
cdef size_t intake_held(const Intake *intake) noexcept nogil
cdef size_t intake_free(const Intake *intake) noexcept nogil
