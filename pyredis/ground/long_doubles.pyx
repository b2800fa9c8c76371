"""Conversion between long doubles and text; ``long_doubles.pxd`` has the contract."""

from libc cimport errno
from libc.math cimport isinf, isnan
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from pyredis.ground.base cimport Slice

cdef extern from "<stdlib.h>" nogil:
    long double strtold(const char *text, char **end)

cdef extern from "<ctype.h>" nogil:
    int isspace(int byte)


cdef bint parse_long_double(Slice text, long double *out) noexcept nogil:
    cdef char copy[LONG_DOUBLE_TEXT]
    cdef char *end
    if text.size == 0 or text.size >= LONG_DOUBLE_TEXT or isspace(<unsigned char> text.data[0]):
        return False
    memcpy(copy, text.data, text.size)
    copy[text.size] = 0
    errno.errno = 0
    out[0] = strtold(copy, &end)
    if end != copy + text.size or isnan(out[0]):
        return False
    return not (errno.errno == errno.ERANGE and (isinf(out[0]) or out[0] == 0))


cdef size_t format_long_double(char *out, long double value) noexcept nogil:
    cdef size_t size
    if isinf(value):
        memcpy(out, "inf" if value > 0 else "-inf", 4)
        return 3 if value > 0 else 4
    size = snprintf(out, LONG_DOUBLE_TEXT, "%.17Lf", value)
    while out[size - 1] == c'0':
        size -= 1
    if out[size - 1] == c'.':
        size -= 1
    if size == 2 and out[0] == c'-' and out[1] == c'0':
        out[0] = c'0'
        return 1
    return size
