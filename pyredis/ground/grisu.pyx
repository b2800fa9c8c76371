"""Grisu2; ``grisu.pxd`` says what it is for.

A number is ``fraction * 2**exponent``. The number, and the bounds of the interval that parses back to it, are scaled by
a power of ten so that the upper bound has an integer part of at most 32 bits. The digits of the upper bound are written
until the remainder is within the interval; then the last digit is lowered while that brings the text nearer to the
number.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from *:
    ctypedef unsigned long long uint128_t "unsigned __int128"

cdef extern from * nogil:
    int leading_zeros "__builtin_clzll" (unsigned long long number)

cdef enum:
    FRACTION_BITS = 52
    # The bias of a double's exponent when its fraction is read as an integer.
    EXPONENT_BIAS = 1023 + FRACTION_BITS
    # The powers of ten.
    FIRST_POWER = -348
    POWER_STEP = 8
    POWERS = 87
    # The exponent of a product with a power.
    LEAST_EXPONENT = -60
    MOST_EXPONENT = -32

ctypedef struct Scaled:
    uint64_t fraction
    int exponent

# A number between its bounds, all with the same exponent.
ctypedef struct Interval:
    uint64_t low
    uint64_t number
    uint64_t high
    int exponent

cdef Scaled[POWERS] _powers


# ---- the powers of ten ----

cdef void fill_powers():
    """Computes the powers, each rounded to the nearest 64-bit fraction."""
    for index in range(POWERS):
        power = FIRST_POWER + POWER_STEP * index
        numerator, denominator = 10 ** max(power, 0), 10 ** max(-power, 0)
        exponent = numerator.bit_length() - denominator.bit_length() - 64
        # The quotient has 64 or 65 bits.
        if numerator >> max(exponent + 64, 0) >= denominator << max(-exponent - 64, 0):
            exponent += 1
        twice = (numerator << max(1 - exponent, 0)) // (denominator << max(exponent - 1, 0))
        _powers[index].fraction = (twice + 1) // 2
        _powers[index].exponent = exponent


fill_powers()


def table():
    """Returns the powers as (fraction, binary exponent, decimal exponent)."""
    return [(_powers[i].fraction, _powers[i].exponent, FIRST_POWER + POWER_STEP * i) for i in range(POWERS)]


cdef inline int power_for(int exponent) noexcept nogil:
    """Returns the index of the power by which a number with this exponent is scaled."""
    cdef int estimate = <int> (-(exponent + POWERS) * 0.30102999566398114)
    cdef int index = (estimate - FIRST_POWER) // POWER_STEP
    while exponent + _powers[index].exponent + 64 < LEAST_EXPONENT:
        index += 1
    while exponent + _powers[index].exponent + 64 > MOST_EXPONENT:
        index -= 1
    return index


# ---- the interval ----

cdef inline Interval interval_of(double value) noexcept nogil:
    """Returns the number with its bounds, normalized to 64 bits. Below a power of two, doubles are twice as dense."""
    cdef uint64_t bits, fraction
    cdef Interval found
    cdef int exponent, shift
    cdef bint power_of_two
    memcpy(&bits, &value, sizeof(bits))
    fraction = bits & ((<uint64_t> 1 << FRACTION_BITS) - 1)
    exponent = <int> (bits >> FRACTION_BITS)
    if exponent:
        fraction |= <uint64_t> 1 << FRACTION_BITS
    else:
        exponent = 1
    power_of_two = fraction == <uint64_t> 1 << FRACTION_BITS
    shift = leading_zeros(fraction)
    found.number = fraction << shift
    found.high = (2 * fraction + 1) << (shift - 1)
    found.low = (4 * fraction - 1) << (shift - 2) if power_of_two else (2 * fraction - 1) << (shift - 1)
    found.exponent = exponent - EXPONENT_BIAS - shift
    return found


cdef inline uint64_t scaled_by(uint64_t fraction, const Scaled *power) noexcept nogil:
    """Returns the upper half of the product, rounded."""
    return <uint64_t> ((<uint128_t> fraction * power.fraction + (<uint64_t> 1 << 63)) >> 64)


cdef inline void scale(Interval *interval, const Scaled *power) noexcept nogil:
    """Scales the interval and narrows it by one unit at each end, because rounding may be off by one."""
    interval.low = scaled_by(interval.low, power) + 1
    interval.number = scaled_by(interval.number, power)
    interval.high = scaled_by(interval.high, power) - 1
    interval.exponent += power.exponent + 64


# ---- digits ----

cdef inline void approach(
        char *digit, uint64_t rest, uint64_t unit, uint64_t width, uint64_t distance) noexcept nogil:
    """Lowers the last digit, worth one ``unit``, towards the number.

    ``rest``, ``distance`` and ``width`` are how far the text, the number and the lower bound are below the upper bound.
    """
    while rest < distance and width - rest >= unit and (
            rest + unit < distance or distance - rest > rest + unit - distance):
        digit[0] -= 1
        rest += unit


cdef int write_digits(const Interval *interval, char *digits, int *power) noexcept nogil:
    """Returns the number of digits; ``power`` is the power of ten of the last one."""
    cdef int shift = -interval.exponent, count = 0, left = 10
    cdef uint64_t one = <uint64_t> 1 << shift, fraction = interval.high & (one - 1), rest
    cdef uint64_t width = interval.high - interval.low, distance = interval.high - interval.number
    cdef uint32_t whole = <uint32_t> (interval.high >> shift), divisor = 1000000000, digit
    while left > 0:
        digit = whole // divisor
        whole -= digit * divisor
        if digit or count:
            digits[count] = <char> (c'0' + digit)
            count += 1
        left -= 1
        rest = (<uint64_t> whole << shift) + fraction
        if rest <= width:
            power[0] = left
            approach(digits + count - 1, rest, <uint64_t> divisor << shift, width, distance)
            return count
        divisor //= 10
    while True:
        fraction *= 10
        width *= 10
        distance *= 10
        left -= 1
        digit = <uint32_t> (fraction >> shift)
        if digit or count:
            digits[count] = <char> (c'0' + digit)
            count += 1
        fraction &= one - 1
        if fraction < width:
            power[0] = left
            approach(digits + count - 1, fraction, one, width, distance)
            return count


cdef int grisu_digits(double value, char *digits, int *exponent) noexcept nogil:
    cdef Interval interval = interval_of(value)
    cdef int index = power_for(interval.exponent), count, power = 0
    scale(&interval, &_powers[index])
    count = write_digits(&interval, digits, &power)
    exponent[0] = power - (FIRST_POWER + POWER_STEP * index) + count - 1
    return count
