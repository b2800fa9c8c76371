"""Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers", 2010): digits that read
back as the number, which are nearly always, though not always, the fewest.

Redis prints doubles with it since 7.2, and so which digits it finds is part of what a client sees. Where the paper
leaves a choice, this is Redis's: every eighth power of ten, products of 64 bits whose exponents are -60 to -32, and,
where two powers fit, the one that an estimate of the logarithm meets first.
"""

cdef enum:
    # Digits that a double has at most, and one more.
    GRISU_DIGITS = 18

# Writes digits of the positive and finite `value`, which is d.ddd times 10 to the `exponent`; returns how many.
cdef int grisu_digits(double value, char *digits, int *exponent) noexcept nogil
