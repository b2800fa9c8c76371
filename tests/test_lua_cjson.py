"""The library ``cjson`` of scripts, compared with the oracle's."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.lua import KEYS, NUMBERS, REAL_NUMBERS, VALUES, literal, quoted, thorough, twins_with

SETTINGS = st.lists(
    st.one_of(
        st.builds(
            "encode_sparse_array({})".format,
            st.sampled_from(["true", "false", "true,0", "false,1", "true,1,2", "false,3,0", "false,0,0", "'on',2,3"]),
        ),
        st.builds("encode_number_precision({})".format, st.integers(1, 14)),
        st.builds("encode_invalid_numbers({})".format, st.sampled_from(["true", "false", "'null'", "'on'", "'off'"])),
        st.builds("decode_invalid_numbers({})".format, st.sampled_from(["true", "false"])),
        st.builds("encode_max_depth({})".format, st.integers(1, 4)),
        st.builds("decode_max_depth({})".format, st.integers(1, 4)),
        st.builds("encode_keep_buffer({})".format, st.sampled_from(["true", "false"])),
    ),
    max_size=3,
)


def with_settings(settings, body):
    return "local c = cjson.new() " + " ".join(f"c.{setting}" for setting in settings) + f" return {body}"


# Pieces of JSON, most of them in the wrong place.
PIECES = [
    *[
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        " ",
        "\t",
        "\r\n",
        '"',
        '""',
        '"a"',
        '"k":',
        "\\",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud83d",
    ],
    *[
        "null",
        "true",
        "false",
        "nul",
        "tru",
        "0",
        "1",
        "-1",
        "12.5",
        "1e3",
        "1E-3",
        "-0",
        "01",
        "0x1F",
        "+1",
        ".5",
        "1.",
    ],
    *["inf", "-inf", "Infinity", "nan", "-NaN", "+nan", "1e999", "\0", "\x01", "é", "[1,2]", '{"a":1}', '"\\n\\"\\/"'],
    *["123456789012345", "1234567890123456", "0.1234567890123456789", "9007199254740993", "'", "/", "N", "I", "t"],
]
SOUP = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=5)),
    max_leaves=20,
)
DECIMALS = st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@pytest.fixture(scope="module")
def twins(session_oracle):
    with twins_with(session_oracle) as twins:
        yield twins


# Encoding.


@thorough
@given(SETTINGS, VALUES)
def test_encoding_gives_the_same_text_or_error(twins, settings, value):
    twins.check(with_settings(settings, f"c.encode({literal(value)})"))


@thorough
@given(st.lists(KEYS, max_size=8), VALUES)
def test_tables_filled_and_emptied_are_arrays_or_objects_as_in_the_oracle(twins, keys, value):
    filled = " ".join(f"t[{literal(key)}] = {literal(value)}" for key in keys)
    emptied = " ".join(f"t[{literal(key)}] = nil" for key in keys[::3])
    twins.check(f"local t = {{1, 2, 3, 4}} {filled} {emptied} return cjson.encode(t)")


@pytest.mark.parametrize("size", range(41))
def test_each_byte_is_escaped_wherever_it_stands(twins, size):
    """Strings are examined eight, four or one byte at a time; every position of an escape is tried."""
    twins.check(
        f"local r = {{}} local s = string.rep('a', {size}) "
        "for at = 0, #s do for _, c in ipairs({'\"', '/', '\\127', '\\0', '\\200', '\\31', ' ', '\\\\\\n'}) do "
        "local text = s:sub(1, at) .. c .. s:sub(at + 1) r[#r + 1] = cjson.encode(text) "
        "r[#r + 1] = cjson.encode(c .. text) assert(cjson.decode(r[#r]) == c .. text) end end return table.concat(r)"
    )


def test_every_byte_is_escaped_like_the_oracle_does(twins):
    twins.check(
        "local r = {} for byte = 0, 255 do local c = string.char(byte) "
        "for _, text in ipairs({c, 'abc' .. c, 'abcdefghij' .. c .. 'k', c .. 'a' .. c}) do "
        "r[#r + 1] = cjson.encode(text) assert(cjson.decode(r[#r]) == text) end end return table.concat(r)"
    )


@thorough
@given(st.integers(1, 14), st.lists(NUMBERS, max_size=10))
def test_numbers_have_the_digits_of_the_oracle(twins, precision, values):
    keys = dict.fromkeys((value for value in values if value < 2**31), 1)
    body = f"c.encode({literal(values)}), c.encode({literal(keys)})"
    twins.check(with_settings([f"encode_number_precision({precision})", "encode_invalid_numbers(true)"], body))


@pytest.mark.parametrize("wrap", ["{t}", "{a=t}", "{1,t}", "{1,{},t}", "{[3]=t}", "{t,a=1}", "{[2]={t}}"])
@pytest.mark.parametrize("count", [999, 1000, 1333, 2664, 2665, 2666, 3998, 3999, 4000, 7995, 7996, 7997, 7998, 9000])
def test_encoding_ends_at_the_same_depth(twins, wrap, count):
    build = f"local t = {{}} for i = 1, {count} do t = {wrap} end"
    twins.check(f"{build} return #cjson.encode(t)")
    twins.check(f"{build} local c = cjson.new() c.encode_max_depth(100000) return #c.encode(t)")


def test_nested_tables_that_turn_out_to_be_objects_are_encoded_once(twins):
    """Each of these begins like an array: starting again after the inner table would take 2 ** 900 steps."""
    twins.check("local t = {} for i = 1, 900 do t = {1, t, x = i} end return cjson.encode(t)")
    twins.check(
        "local t = {} for i = 1, 900 do t = {i, [2] = t, [3] = 1, [5] = 2, [4.5] = 1} end return #cjson.encode(t)"
    )


@pytest.mark.parametrize(
    "value",
    [
        *[
            "",
            "1, 2",
            "nil",
            "next",
            "{next}",
            "{1, next}",
            "{a = next}",
            "{[true] = 1}",
            "{[{}] = 1}",
            "{[cjson.null] = 1}",
        ],
        *["{1, 2, 1/0}", "{1, [50] = 1/0}", "{[50] = next}", "{next, [50] = 1}", "{[1/0] = 1}", "{[2^31 - 1] = 1}"],
        *[
            "{[2^31] = 1}",
            "{[2^53] = 1}",
            "{[1.5] = 1}",
            "{[0] = 1, 2}",
            "{1, nil, 3}",
            "{cjson.null, nil, 3}",
            "{{}, {}}",
        ],
        *[
            "{['1'] = 1}",
            "{1, ['2'] = 2}",
            "{['1'] = 1, ['2'] = 2}",
            "{1, 2, ['3'] = {}}",
            "{1, [10] = 2}",
            "{1, [11] = 2}",
            "{[10] = 1}",
            "{[11] = 1}",
            "cjson",
            "{[''] = ''}",
            "-0",
            "0 * -1",
            "cjson.null",
        ],
        "setmetatable({}, {__index = function() return 1 end, __len = function() return 5 end})",
        "setmetatable({1, 2}, {__index = function() return 1 end, __newindex = next})",
    ],
)
def test_edges_of_encoding_are_those_of_the_oracle(twins, value):
    twins.check(f"return cjson.encode({value})")


# Decoding.


@thorough
@given(SETTINGS, SOUP)
def test_decoding_anything_gives_the_same_values_or_error(twins, settings, text):
    twins.check(with_settings(settings, f"c.decode({quoted(text.encode())})"))


@thorough
@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_documents_are_decoded_and_encoded_like_by_the_oracle(twins, document, ascii_only, indent):
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    twins.check(f"local t = cjson.decode({quoted(text)}) return t, cjson.encode({{t}})")


@thorough
@given(DOCUMENTS, st.data())
def test_damaged_documents_give_the_same_error(twins, document, data):
    text = bytearray(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    at = data.draw(st.integers(0, len(text)))
    text[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.one_of(st.binary(max_size=2), st.sampled_from(PIECES).map(str.encode))
    )
    twins.check(f"return cjson.decode({quoted(bytes(text))})")


@thorough
@given(st.lists(DECIMALS, min_size=1, max_size=10))
def test_numbers_are_read_to_the_last_bit(twins, texts):
    twins.check(f"return cjson.decode('[{','.join(texts)}]')")


@pytest.mark.parametrize("digits", range(13, 20))
def test_numbers_about_as_long_as_a_double_holds_exactly_are_read_to_the_last_bit(twins, digits):
    draw = random.Random(digits)
    for point in range(1, digits + 1):
        texts = [str(draw.randrange(10 ** (digits - 1), 10**digits)) for _ in range(20)]
        twins.check(f"return cjson.decode('[{','.join(f'-{text[:point]}.{text[point:]}0' for text in texts)}]')")
        twins.check(f"return cjson.decode('[{','.join(text[:point] + '.5' + text[point:] for text in texts)}]')")
    twins.check(f"return cjson.decode('[{','.join(texts)}]')")


# Objects need two places on Lua's stack: with an array around them, an odd number of places is left.
@pytest.mark.parametrize("count", range(3996, 4002))
def test_decoding_objects_in_an_array_ends_at_the_same_depth(twins, count):
    twins.check(
        f"local c = cjson.new() c.decode_max_depth(9999) return c.decode('[' .. string.rep('{{\"a\":', {count}))"
    )


@pytest.mark.parametrize("count", range(3996, 4002))
def test_encoding_objects_in_an_array_ends_at_the_same_depth(twins, count):
    twins.check(
        f"local t = {{}} for i = 1, {count} do t = {{a=t}} end "
        "local c = cjson.new() c.encode_max_depth(9999) return #c.encode({t})"
    )


@pytest.mark.parametrize("level", ["[", '{"a":', '[{"a":', "[1,"])
@pytest.mark.parametrize("count", [999, 1000, 1001, 1333, 2666, 2667, 3998, 3999, 4000, 5332, 5333, 7998, 7999, 100000])
def test_decoding_ends_at_the_same_depth(twins, level, count):
    twins.check(f"return cjson.decode(string.rep('{level}', {count}))")
    twins.check(f"local c = cjson.new() c.decode_max_depth(200000) return c.decode(string.rep('{level}', {count}))")


# The text between the quotes of a Lua string.
EDGES = r"""
1
1\0002
\0
\0\0\0
[1]\0garbage
[\0
a\0b
"a\0b"
["a\\u0000b"]
\239\187\191[]
"\\
"\\\0"
"\\u00zz"
"\\uD83D\\uDE0
"\\udbff\\udfff\\ud800\\udc00"
"\\udc00"
"\\udfff"
"\\ud800"
"\\ud800\\u0041"
"\\udc00\\ud800"
"\\ud83d\\n"
{"a":1,"a":2,"":3}
{"1":2}
[null,null]
[truefalse]
nulll
0x
1e
1e+
-1-
-
"""


@pytest.mark.parametrize("text", EDGES.split())
def test_edges_of_decoding_are_those_of_the_oracle(twins, text):
    twins.check(f"return cjson.decode('{text}')")


@pytest.mark.parametrize("arguments", ["", "nil", "{}", "12.5", "1, 2", "nil, nil", "true"])
def test_decoding_takes_one_string(twins, arguments):
    twins.check(f"return cjson.decode({arguments})")


# Settings.


@pytest.mark.parametrize(
    "name",
    [
        *["encode_sparse_array", "encode_max_depth", "decode_max_depth", "encode_number_precision"],
        *["encode_keep_buffer", "encode_invalid_numbers", "decode_invalid_numbers"],
    ],
)
@given(
    st.lists(
        st.one_of(
            REAL_NUMBERS,
            st.sampled_from([None, True, False, b"on", b"off", b"null", b"x", b"7", []]),
        ),
        max_size=4,
    )
)
def test_settings_are_checked_and_returned_like_by_the_oracle(twins, name, arguments):
    call = f"c.{name}({', '.join(map(literal, arguments))})"
    twins.check(f"local c = cjson.new() local r = {{pcall(function() return {call} end)}} return r, c.{name}()")


def test_instances_have_settings_of_their_own(twins):
    twins.check(
        "local a, b = cjson.new(), cjson.new(1, 2) a.encode_number_precision(3) b.encode_max_depth(1) "
        "return a.encode(1/3), b.encode(1/3), a.encode({{}}), a.new().encode(1/3), pcall(b.encode, {{}})"
    )


def test_the_table_has_the_fields_of_the_oracle(twins):
    twins.check(
        "local n = {} for name, v in pairs(cjson) do n[#n + 1] = name .. (type(v) == 'function' and '' or tostring(v)) "
        "end table.sort(n) return n"
    )


def test_keys_beyond_an_int_make_an_object(twins):
    """The length that the oracle finds depends on the order of the keys, and elements may get lost."""
    expected = {"1": "a", "2147483648": "b"}
    assert json.loads(twins.interpreter.run(b"return cjson.encode({[2^31] = 'b', [1] = 'a'})")) == expected
    assert json.loads(twins.interpreter.run(b"return cjson.encode({'a', [2^31] = 'b'})")) == expected


def test_sparse_ratios_do_not_overflow(twins):
    """The oracle multiplies ints: three elements times 2 ** 30 are negative there."""
    body = b"local c = cjson.new() c.encode_sparse_array(false, 2^30, 1) return c.encode({1, 2, [4] = 4})"
    assert twins.interpreter.run(body) == b"[1,2,null,4]"
