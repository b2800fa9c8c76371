"""Conversion between doubles and text; ``doubles.pxd`` has the contract.

Most numbers have few digits. Up to 15 digits form an integer that a double holds exactly, and so does the power of ten
for the decimal places; a single division then rounds correctly (Clinger, 1990). Everything else is left to strtod.
Formatting uses the digits that Grisu2 finds (``ground/grisu.pxd``), and places the point as Redis does.
"""

from libc cimport errno
from libc.math cimport isinf, isnan, signbit
from libc.stdint cimport uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, memset

from pyredis.ground.base cimport Slice, likely
from pyredis.ground.grisu cimport GRISU_DIGITS, grisu_digits
from pyredis.ground.memory cimport mem_alloc, mem_free

cdef extern from "<stdlib.h>" nogil:
    double strtod(const char *text, char **end)

cdef extern from "<ctype.h>" nogil:
    int isspace(int byte)

cdef enum:
    EXACT_DIGITS = 15
    ON_STACK = 128

cdef double[16] POWERS = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]


# ---- reading ----

cdef inline bint parse_short(Slice text, double *out) noexcept nogil:
    """Parses plain decimals of few digits; false for anything else, which may still be a valid number."""
    cdef size_t at = 1 if text.size and text.data[0] == c'-' else 0
    cdef size_t first = at, point = text.size
    cdef uint64_t digits = 0
    cdef unsigned digit
    if text.size - at > EXACT_DIGITS or text.size == at:
        return False
    while at < text.size:
        digit = <unsigned> <unsigned char> text.data[at] - c'0'
        if digit <= 9:
            digits = 10 * digits + digit
        elif text.data[at] == c'.' and point == text.size and at > first and at + 1 < text.size:
            point = at
        else:
            return False
        at += 1
    out[0] = <double> digits
    if point < text.size:
        out[0] /= POWERS[text.size - point - 1]
    if first:
        out[0] = -out[0]
    return True


cdef bint read_whole(const char *text, size_t size, double *out) noexcept nogil:
    """Parses a text that ends in a zero byte. False if strtod does not consume all of it, or the result is NaN."""
    cdef char *end
    errno.errno = 0
    out[0] = strtod(text, &end)
    return end == text + size and not isnan(out[0])


cdef bint parse_any(Slice text, double *out) noexcept nogil:
    cdef char on_stack[ON_STACK]
    cdef char *copy = on_stack
    cdef bint read
    if text.size >= ON_STACK:
        copy = <char *> mem_alloc(text.size + 1)
    if text.size:
        memcpy(copy, text.data, text.size)
    copy[text.size] = 0
    read = read_whole(copy, text.size, out)
    if copy != on_stack:
        mem_free(copy, text.size + 1)
    return read


cdef bint parse_double(Slice text, double *out) noexcept nogil:
    if likely(parse_short(text, out)):
        return True
    if text.size == 0 or isspace(<unsigned char> text.data[0]) or not parse_any(text, out):
        return False
    return not (errno.errno == errno.ERANGE and (isinf(out[0]) or out[0] == 0))


cdef bint parse_double_loosely(Slice text, double *out) noexcept nogil:
    cdef const char *zero
    if likely(parse_short(text, out)):
        return True
    zero = <const char *> memchr(text.data, 0, text.size) if text.size else NULL
    if zero != NULL:
        text.size = zero - text.data
    return parse_any(text, out)


# ---- writing ----

cdef inline char *put(char *out, const char *text, size_t size) noexcept nogil:
    memcpy(out, text, size)
    return out + size


cdef char *place_point(char *out, const char *digits, int count, int whole) noexcept nogil:
    """Writes the digits with a point after the first ``whole`` ones, or with zeros between the point and the digits."""
    if whole > 0:
        out = put(put(out, digits, whole), ".", 1)
        return put(out, digits + whole, count - whole)
    out = put(out, "0.", 2)
    memset(out, c'0', -whole)
    return put(out - whole, digits, count)


cdef char *format_scientific(char *out, const char *digits, int count, int exponent) noexcept nogil:
    """Writes one digit before the point, and an exponent with a sign and without leading zeros."""
    out = put(out, digits, 1)
    if count > 1:
        out = put(put(out, ".", 1), digits + 1, count - 1)
    return out + snprintf(out, 8, "e%+d", exponent)


cdef char *format_digits(char *out, const char *digits, int count, int exponent) noexcept nogil:
    """Chooses between plain and scientific notation as Redis does."""
    cdef int scale = exponent - count + 1       # the power of ten of the last digit
    if scale >= 0 and exponent < count + 7:
        out = put(out, digits, count)
        memset(out, c'0', scale)
        return out + scale
    if scale < 0 and (scale > -7 or -4 < exponent < 4):
        return place_point(out, digits, count, exponent + 1)
    return format_scientific(out, digits, count, exponent)


cdef size_t format_fraction(char *out, double value) noexcept nogil:
    cdef char digits[GRISU_DIGITS]
    cdef char *at = out
    cdef int exponent = 0
    cdef int count
    if isnan(value):
        return put(out, "nan", 3) - out
    if signbit(value):
        at = put(at, "-", 1)
        value = -value
    if isinf(value):
        return put(at, "inf", 3) - out
    if value == 0:
        return put(at, "0", 1) - out
    count = grisu_digits(value, digits, &exponent)
    return format_digits(at, digits, count, exponent) - out


cdef size_t format_double_long(char *out, double value) noexcept nogil:
    return <size_t> snprintf(out, 40, "%.17g", value)
