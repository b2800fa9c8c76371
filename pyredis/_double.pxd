"""Doubles as the text of arguments: scores, weights, coordinates. Writing them is ``_resp.format_double``'s."""

from pyredis._base cimport Slice

# True when the whole text is a number, or an infinity, that a double can hold: no blanks, no NaN, nothing that is too
# large or too small. Hexadecimal and exponents are fine.
cdef bint parse_double(Slice text, double *out) noexcept nogil
# As the bounds of a range are read: blanks may come before, nothing at all is 0, what is too large is infinite.
cdef bint parse_double_loosely(Slice text, double *out) noexcept nogil
# Seventeen digits, as Redis writes doubles where it does not look for the fewest; `out` holds 40 bytes.
cdef size_t format_double_long(char *out, double value) noexcept nogil
