"""Long doubles as text, as INCRBYFLOAT and HINCRBYFLOAT read and write them."""

from pyredis.ground.base cimport Slice

cdef enum:
    LONG_DOUBLE_TEXT = 5120     # the longest text, in bytes

# True when the whole text is a number that a long double can hold; infinity is one, NaN is not.
cdef bint parse_long_double(Slice text, long double *out) noexcept nogil
# Up to 17 digits behind the point, no exponent, no trailing zeros; `out` holds LONG_DOUBLE_TEXT bytes. Returns how many
# were written.
cdef size_t format_long_double(char *out, long double value) noexcept nogil
