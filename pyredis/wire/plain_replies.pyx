"""Reads plain replies; ``plain_replies.pxd`` says which these are. The functions need the interpreter's lock."""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_SetItem
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.set cimport PySet_Add
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8

from pyredis._resp cimport Reply
from pyredis.ground.base cimport Slice, likely, slice_of, unlikely
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.turns cimport offer_turn

cdef enum:
    # How many more aggregates may be around a value than around the reply itself.
    DEEPEST = 8

cdef object NOT_PLAIN = object()


cdef inline int64_t read_integer(const char **at) noexcept:
    """Reads digits, perhaps after a minus, and the CRLF after them."""
    cdef const char *digit = at[0]
    cdef bint negative = digit[0] == c'-'
    cdef uint64_t value = 0
    if negative:
        digit += 1
    while digit[0] != c'\r':
        value = 10 * value + <uint64_t> (digit[0] - c'0')
        digit += 1
    at[0] = digit + 2
    return <int64_t> (0 - value if negative else value)


cdef inline object read_string(const char **at, int form):
    """Reads a bulk string after its first byte; null becomes None."""
    cdef int64_t size = read_integer(at)
    cdef const char *data = at[0]
    if unlikely(size < 0):
        return None
    at[0] = data + size + 2
    return PyUnicode_DecodeUTF8(data, size, NULL) if form & DECODED else PyBytes_FromStringAndSize(data, size)


cdef object read_double(const char **at):
    cdef const char *data = at[0]
    cdef Slice text = slice_of(data, <const char *> memchr(data, c'\r', 400) - data)
    cdef double value = 0
    at[0] = data + text.size + 2
    return value if likely(parse_double(text, &value)) else NOT_PLAIN


cdef object read_scalar(const char **at, int form):
    """Reads a value that can be a key or a member as it is; NOT_PLAIN for any other."""
    cdef const char *data = at[0]
    cdef char kind = data[0]
    if kind == c'$':
        at[0] += 1
        return read_string(at, form)
    if kind == c':':
        at[0] += 1
        return read_integer(at)
    if kind == c',':
        at[0] += 1
        return read_double(at)
    if kind == c'_':
        at[0] += 3
        return None
    if kind == c'#':
        at[0] += 4
        return data[1] == c't'
    return NOT_PLAIN


cdef object read_tuple(const char **at, int form, int depth):
    cdef int64_t count = read_integer(at)
    cdef int64_t index
    cdef tuple items
    if unlikely(count < 0):
        return None
    items = PyTuple_New(count)
    for index in range(count):
        value = read_value(at, form, depth)
        if unlikely(value is NOT_PLAIN):
            return NOT_PLAIN
        Py_INCREF(value)
        PyTuple_SET_ITEM(items, index, value)
    return items


cdef object read_array(const char **at, int form, int depth):
    cdef int64_t count = read_integer(at)
    cdef int64_t index
    cdef list items
    if unlikely(count < 0):
        return None
    items = PyList_New(count)
    for index in range(count):
        offer_turn()
        value = read_value(at, form, depth)
        if unlikely(value is NOT_PLAIN):
            return NOT_PLAIN
        Py_INCREF(value)
        PyList_SET_ITEM(items, index, value)
    return items


cdef object read_map(const char **at, int form, int depth):
    cdef int64_t count = read_integer(at)
    cdef int64_t _index
    cdef dict items = {}
    for _index in range(count):
        offer_turn()
        key = read_scalar(at, form)
        if unlikely(key is NOT_PLAIN):
            return NOT_PLAIN
        value = read_value(at, form, depth)
        if unlikely(value is NOT_PLAIN):
            return NOT_PLAIN
        PyDict_SetItem(items, key, value)
    return items


cdef object read_set(const char **at, int form):
    cdef int64_t count = read_integer(at)
    cdef int64_t _index
    cdef set items = set()
    for _index in range(count):
        offer_turn()
        value = read_scalar(at, form)
        if unlikely(value is NOT_PLAIN):
            return NOT_PLAIN
        PySet_Add(items, value)
    return items


cdef object read_value(const char **at, int form, int depth):
    cdef char kind = at[0][0]
    if likely(kind == c'$'):
        at[0] += 1
        return read_string(at, form)
    if kind == c'*' or kind == c'%' or kind == c'~':
        if unlikely(depth == 0):
            return NOT_PLAIN
        at[0] += 1
        if kind == c'*' and form & IN_TUPLES and depth == DEEPEST - 1:
            return read_tuple(at, form, depth - 1)
        if kind == c'*':
            return read_array(at, form, depth - 1)
        return read_map(at, form, depth - 1) if kind == c'%' else read_set(at, form)
    return read_scalar(at, form)


cdef object plain_object(const Reply *reply, size_t begin, int form):
    cdef const char *at = reply.data + begin
    if reply.piece_count:
        return NOT_PLAIN
    return read_value(&at, form, DEEPEST)
