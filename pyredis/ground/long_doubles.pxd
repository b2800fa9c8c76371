"""Conversion between long doubles and text, for INCRBYFLOAT and HINCRBYFLOAT."""

from pyredis.ground.base cimport Slice

cdef enum:
    LONG_DOUBLE_TEXT = 5120     # the longest text, in bytes

# True when the entire text is a number that a long double can hold; infinity is one, NaN is not.
cdef bint parse_long_double(Slice text, long double *out) noexcept nogil
# Writes up to 17 decimal places, no exponent, no trailing zeros; `out` holds LONG_DOUBLE_TEXT bytes. Returns the number
# of bytes written.
cdef size_t format_long_double(char *out, long double value) noexcept nogil
