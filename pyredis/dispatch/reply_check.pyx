"""A walk over the replies in a buffer: headers are read, and bulks are passed over, in the buffer or in its pieces."""

from libc.stdint cimport int64_t
from libc.string cimport memchr

from pyredis._resp cimport Reply
from pyredis.ground.base cimport parse_int64


cdef struct Walk:
    const Reply *reply
    size_t at
    size_t piece            # the next


cdef bint read_line(Walk *walk, char *type, const char **text, size_t *size) noexcept nogil:
    """Reads a header; false where there is no whole one."""
    cdef const char *begin = walk.reply.data + walk.at
    cdef size_t left = walk.reply.size - walk.at
    cdef const char *end = <const char *> memchr(begin, c'\r', left)
    if left < 3 or end == NULL or end + 1 >= begin + left or end[1] != c'\n':
        return False
    type[0] = begin[0]
    text[0] = begin + 1
    size[0] = end - begin - 1
    walk.at += size[0] + 3
    return True


cdef bint pass_bulk(Walk *walk, size_t size) noexcept nogil:
    cdef const Reply *reply = walk.reply
    while walk.piece < reply.piece_count and reply.pieces[walk.piece].at < walk.at:
        walk.piece += 1
    if walk.piece < reply.piece_count and reply.pieces[walk.piece].at == walk.at:
        if reply.pieces[walk.piece].bytes.size != size:
            return False
        walk.piece += 1
    else:
        if reply.size - walk.at < size:
            return False
        walk.at += size
    if reply.size - walk.at < 2 or reply.data[walk.at] != c'\r' or reply.data[walk.at + 1] != c'\n':
        return False
    walk.at += 2
    return True


cdef bint pass_element(Walk *walk, int64_t *missing) noexcept nogil:
    """Passes over one header and its bulk; ``missing`` elements are still to come."""
    cdef char type = 0
    cdef const char *text = NULL
    cdef size_t size = 0
    cdef int64_t count = 0
    if not read_line(walk, &type, &text, &size):
        return False
    missing[0] -= 1
    if type == c'+' or type == c'-' or type == c':' or type == c'_' or type == c',' or type == c'#' or type == c'(':
        return True
    if not parse_int64(text, size, &count) or count < -1:
        return False
    if type == c'$' or type == c'=' or type == c'!':
        return count < 0 or pass_bulk(walk, <size_t> count)
    if type == c'%' or type == c'|':
        count *= 2
        # An attribute comes before the element that it is about.
        missing[0] += type == c'|'
    elif type != c'*' and type != c'~' and type != c'>':
        return False
    missing[0] += max(count, <int64_t> 0)
    return True


cdef bint is_one_reply(const Reply *reply, size_t begin) noexcept nogil:
    cdef Walk walk
    cdef int64_t missing = 1
    walk.reply = reply
    walk.at = begin
    walk.piece = 0
    while missing > 0:
        if not pass_element(&walk, &missing):
            return False
    return walk.at == reply.size
