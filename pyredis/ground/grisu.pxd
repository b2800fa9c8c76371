"""Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers", 2010): finds digits that
parse back to the same number. They are nearly always, but not always, the fewest possible.

Redis prints doubles with it since 7.2, so clients see which digits it finds. Where the paper leaves a choice, this is
Redis's: every eighth power of ten, products of 64 bits with exponents from -60 to -32, and, where two powers fit, the
one that an estimate of the logarithm finds first.
"""

cdef enum:
    # The most digits that a double needs, and one more.
    GRISU_DIGITS = 18

# Writes the digits of `value`, which must be positive and finite; `value` is d.ddd * 10**`exponent`. Returns the number
# of digits.
cdef int grisu_digits(double value, char *digits, int *exponent) noexcept nogil
