"""Grisu2 with Python's integers: the text of a double in a reply, following the paper and Redis's choices.

Every power of ten is computed exactly and rounded once, to 64 bits.
"""

import math
from fractions import Fraction
from functools import cache

MODULUS = 2**64


@cache
def power_of_ten(power: int) -> tuple[int, int]:
    """The (fraction, exponent) whose fraction * 2**exponent is nearest, with 2**63 <= fraction < 2**64."""
    exact = Fraction(10) ** power
    exponent = math.floor(math.log2(10) * power) - 63
    while exact / Fraction(2) ** exponent >= MODULUS:
        exponent += 1
    while exact / Fraction(2) ** exponent < MODULUS // 2:
        exponent -= 1
    return round(exact / Fraction(2) ** exponent), exponent


def split(value: float) -> tuple[int, int]:
    """The fraction and exponent of a double as stored in memory, as integers."""
    exponent = max(math.frexp(value)[1] - 53, -1074)
    return int(Fraction(value) / Fraction(2) ** exponent), exponent


def normalized(fraction: int, exponent: int, to: int | None = None) -> tuple[int, int]:
    """The same number with a fraction of 64 bits, or with the exponent `to`."""
    shift = 64 - fraction.bit_length() if to is None else exponent - to
    return fraction << shift, exponent - shift


def boundaries(value: float) -> tuple[int, int, int, int]:
    """The lower boundary, the number, the upper boundary, and the exponent that all three share."""
    fraction, exponent = split(value)
    above, common = normalized(2 * fraction + 1, exponent - 1)
    if fraction == 2**52:
        below, _ = normalized(4 * fraction - 1, exponent - 2, common)
    else:
        below, _ = normalized(2 * fraction - 1, exponent - 1, common)
    return below, normalized(fraction, exponent, common)[0], above, common


@cache
def chosen_power(exponent: int) -> int:
    """The first power, searching from the estimate, that brings the exponent into -60 .. -32."""
    power = (int(-(exponent + 87) * 0.30102999566398114) + 348) // 8 * 8 - 348
    while exponent + power_of_ten(power)[1] + 64 < -60:
        power += 8
    while exponent + power_of_ten(power)[1] + 64 > -32:
        power -= 8
    return power


def times(fraction: int, factor: int) -> int:
    return (fraction * factor + MODULUS // 2) // MODULUS


def lowered(digits: list[int], rest: int, unit: int, width: int, distance: int) -> list[int]:
    """Decrease the last digit while that gets nearer to the number and stays above the lower boundary."""
    while rest < distance and width - rest >= unit:
        after = rest + unit
        if after >= distance and distance - rest <= after - distance:
            break
        digits[-1] -= 1
        rest = after
    return digits


def digits_of(value: float) -> tuple[list[int], int]:
    """The digits of a positive number, and the power of ten of the last one."""
    below, number, above, exponent = boundaries(value)
    power = chosen_power(exponent)
    factor, factor_exponent = power_of_ten(power)
    below, number, above = times(below, factor) + 1, times(number, factor), times(above, factor) - 1
    one = 1 << -(exponent + factor_exponent + 64)
    width, distance = above - below, above - number
    digits: list[int] = []
    for place in range(9, -30, -1):
        # Left of the decimal point the unit shrinks; right of it, the other values grow, modulo 2**64.
        unit = 10**place * one if place >= 0 else one
        if place < 0:
            above, width, distance = (each * 10 % MODULUS for each in (above, width, distance))
        digit, above = divmod(above, unit)
        if digit or digits:
            digits.append(digit)
        if above <= width if place >= 0 else above < width:
            return lowered(digits, above, unit, width, distance), place - power
    raise AssertionError(value)


def notation(digits: str, last: int) -> str:
    """The number in plain notation where that needs few zeros, otherwise with an exponent."""
    first = last + len(digits) - 1
    if last >= 0 and first < len(digits) + 7:
        return digits + "0" * last
    if last < 0 and (last > -7 or abs(first) < 4):
        padded = digits.rjust(1 - last, "0")
        return f"{padded[:last]}.{padded[last:]}"
    point = "." if len(digits) > 1 else ""
    return f"{digits[0]}{point}{digits[1:]}e{first:+d}"


def printed(value: float) -> str:
    """A double as Redis 7.4 writes it in a reply."""
    if math.isnan(value):
        return "nan"
    sign = "-" if math.copysign(1, value) < 0 else ""
    magnitude = abs(value)
    if math.isinf(value):
        return f"{sign}inf"
    if magnitude == 0:
        return f"{sign}0"
    if magnitude <= 2**62 and magnitude == int(magnitude):
        return f"{sign}{int(magnitude)}"
    digits, last = digits_of(magnitude)
    return sign + notation("".join(map(str, digits)), last)
