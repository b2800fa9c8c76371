"""Compares the libraries for scripts with the oracle's: the same Lua text runs in a bare interpreter and with EVAL.

`SHOW` defines ``all``, which converts any values to text, to compare what no reply could show: types of values, all
digits of numbers, tables with their keys. Errors are compared as text, with the position in the script.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from pyredis.lua.lua_libraries_handle import Interpreter
from support.client import RawClient
from support.servers import Server

thorough = settings(max_examples=1000 if os.environ.get("PYREDIS_LONG") else 100)

SHOW = rb"""
local function show(value, depth)
  local kind = type(value)
  if kind == 'number' then return string.format('%.17g', value) end
  if kind == 'string' then return string.format('%q', value) end
  if kind == 'function' then return kind end
  if kind ~= 'table' then return tostring(value) end
  if depth > 40 then return '{...}' end
  local parts = {}
  for key, element in pairs(value) do
    parts[#parts + 1] = '[' .. show(key, depth + 1) .. ']=' .. show(element, depth + 1)
  end
  return '{' .. table.concat(parts, ',') .. '}#' .. #value
end
local function all(...)
  local parts = {}
  for index = 1, select('#', ...) do parts[index] = show((select(index, ...)), 0) end
  return table.concat(parts, ' ; ')
end
"""


def quoted(text: bytes) -> str:
    """Returns a Lua string literal."""
    return '"' + "".join(f"\\{byte:03}" for byte in text) + '"'


def number(value: float) -> str:
    """Returns a Lua expression for a number; Lua has no literals for infinity and NaN."""
    if math.isnan(value):
        return "(0/0)"
    if math.isinf(value):
        return "(1/0)" if value > 0 else "(-1/0)"
    return f"({value!r})"


def literal(value: Any) -> str:
    """Returns a Lua expression for a value; lists become arrays, dictionaries tables."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return quoted(value)
    if isinstance(value, list):
        return "{" + ",".join(literal(item) for item in value) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"[{literal(key)}]={literal(item)}" for key, item in value.items()) + "}"
    return number(value)


class Twins:
    """Our libraries in an interpreter of their own, and the oracle's through EVAL."""

    def __init__(self, oracle: RawClient) -> None:
        self.oracle = oracle
        self.interpreter = Interpreter()

    def check(self, body: str) -> bytes:
        """Runs the body of a function in both, and requires the same results or error; returns them as text."""
        chunk = SHOW + b"return all(pcall(function() " + body.encode() + b" end))"
        ours = self.interpreter.run(chunk)
        oracle = self.oracle.must("EVAL", chunk, 0)
        assert ours == oracle, body
        assert ours is not None
        return ours


@contextmanager
def twins_with(oracle: Server) -> Iterator[Twins]:
    with oracle.client() as client:
        client.must("SCRIPT", "FLUSH")
        yield Twins(client)


# Lua values; the keys of dictionaries are possible keys of tables.
NUMBERS = st.one_of(
    st.integers(-300, 300),
    st.integers(-(2**65), 2**65).map(float),
    st.floats(),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
    st.sampled_from([0.0, -0.0, 2.0**31, -(2.0**31), 2.0**32, 2.0**53, 2.0**63, -(2.0**63), 2.0**64]),
)
TEXTS = st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode))
# Redis's Lua hashes longer keys differently, so they are elsewhere in its tables.
SHORT_TEXTS = st.one_of(
    st.sampled_from([b"1", b"2", b"3", b"4"]), st.binary(max_size=31), st.text(max_size=7).map(str.encode)
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
REAL_NUMBERS = NUMBERS.filter(lambda value: not math.isnan(value))
# With whole numbers from 2 ** 31 on among smaller ones, the oracle's cjson may lose elements: an int overflows there.
KEYS = st.one_of(st.integers(-2, 14), REAL_NUMBERS.filter(lambda value: value < 2**31), SHORT_TEXTS, st.booleans())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.integers(1, 12), inner, max_size=6),
        st.dictionaries(KEYS, inner, max_size=6),
    ),
    max_leaves=20,
)
