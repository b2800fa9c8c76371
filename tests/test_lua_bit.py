"""The library ``bit`` of scripts, compared with the oracle's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.lua import NUMBERS, literal, thorough, twins_with

UNARY = ["tobit", "bnot", "bswap", "tohex"]
BINARY = ["lshift", "rshift", "arshift", "rol", "ror", "tohex"]
ANY = ["band", "bor", "bxor"]
ARGUMENTS = st.one_of(NUMBERS, st.integers(-40, 40), st.sampled_from([None, True, b"12", b"0x10", b"a", b" 7 ", []]))


@pytest.fixture(scope="module")
def twins(session_oracle):
    with twins_with(session_oracle) as twins:
        yield twins


@thorough
@given(st.sampled_from(UNARY + BINARY + ANY), st.lists(ARGUMENTS, max_size=4))
def test_every_function_returns_what_the_oracle_returns(twins, name, arguments):
    twins.check(f"return bit.{name}({', '.join(map(literal, arguments))})")


@pytest.mark.parametrize("name", BINARY)
def test_every_count_of_a_shift_gives_the_same_bits(twins, name):
    twins.check(
        f"local r = {{}} for n = -70, 70 do r[#r + 1] = bit.{name}(0x89abcdef, n) r[#r + 1] = bit.{name}(1, n) end "
        "return r"
    )


@pytest.mark.parametrize("count", [-(2**31), 2**31, -(2**31) + 1, 2**31 - 1, -(2**63), 9, -9])
def test_the_count_of_hexadecimal_digits_is_cut_to_eight(twins, count):
    """-2 ** 31 has no positive counterpart: negating it first would write beyond the digits (CVE-2024-31449)."""
    twins.check(f"return bit.tohex(255, {count}), bit.tohex(2^31, {count})")


def test_errors_name_the_argument_that_the_oracle_names(twins):
    for name in ANY:
        twins.check(f"return bit.{name}(1, 'x', {{}})")
        twins.check(f"return bit.{name}({{}}, 'x', {{}})")
        twins.check(f"return bit.{name}()")
    twins.check("return bit.rol(1)")
    twins.check("return bit.tohex(1, nil)")


def test_the_table_has_the_functions_of_the_oracle(twins):
    twins.check("local n = {} for name in pairs(bit) do n[#n + 1] = name end table.sort(n) return n")
