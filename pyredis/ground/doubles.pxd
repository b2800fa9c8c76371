"""Conversion of doubles from the text of arguments (scores, weights, coordinates), and to the text of replies."""

from libc.math cimport signbit
from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice, format_int64

# Whole numbers up to 2 ** 62 are written as integers.
cdef enum:
    EXACT_WHOLE = 0x4000000000000000

# True when the entire text is a number, or an infinity, that a double can hold: no blanks, no NaN, nothing that
# overflows or underflows. Hexadecimal numbers and exponents are accepted.
cdef bint parse_double(Slice text, double *out) noexcept nogil
# Parses the bounds of a range: leading blanks are skipped, an empty text is 0, a number too large is infinite.
cdef bint parse_double_loosely(Slice text, double *out) noexcept nogil
# Writes 17 significant digits, as Redis does where it does not look for the shortest text; `out` holds 40 bytes.
cdef size_t format_double_long(char *out, double value) noexcept nogil
# The part of `format_double` that is not inlined.
cdef size_t format_fraction(char *out, double value) noexcept nogil


cdef inline size_t format_double(char *out, double value) noexcept nogil:
    """Writes ``value`` as Redis does, in a text that parses to the same double. At most 40 bytes; returns the size."""
    if -<double> EXACT_WHOLE <= value <= <double> EXACT_WHOLE and value == <double> <int64_t> value and (
            value != 0 or not signbit(value)):
        return format_int64(out, <int64_t> value)
    return format_fraction(out, value)
