"""Doubles as text: as arguments have them (scores, weights, coordinates), and as replies do."""

from libc.math cimport signbit
from libc.stdint cimport int64_t

from pyredis.ground.base cimport Slice, format_int64

# Whole numbers up to 2 ** 62 are written as integers.
cdef enum:
    EXACT_WHOLE = 0x4000000000000000

# True when the whole text is a number, or an infinity, that a double can hold: no blanks, no NaN, nothing that is too
# large or too small. Hexadecimal and exponents are fine.
cdef bint parse_double(Slice text, double *out) noexcept nogil
# As the bounds of a range are read: blanks may come before, nothing at all is 0, what is too large is infinite.
cdef bint parse_double_loosely(Slice text, double *out) noexcept nogil
# Seventeen digits, as Redis writes doubles where it does not look for the fewest; `out` holds 40 bytes.
cdef size_t format_double_long(char *out, double value) noexcept nogil
# What `format_double` does not do itself.
cdef size_t format_fraction(char *out, double value) noexcept nogil


cdef inline size_t format_double(char *out, double value) noexcept nogil:
    """A text that reads back as ``value``, as Redis writes it; at most 40 bytes. Returns its size."""
    if -<double> EXACT_WHOLE <= value <= <double> EXACT_WHOLE and value == <double> <int64_t> value and (
            value != 0 or not signbit(value)):
        return format_int64(out, <int64_t> value)
    return format_fraction(out, value)
