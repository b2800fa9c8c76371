"""What holds for all libraries of scripts: their memory belongs to Lua, and an error leaves nothing behind."""

import pytest

from pyredis.lua.lua_libraries_handle import Interpreter, LuaError

CALLS = [
    "cjson.encode({string.rep('x', 100000), {a = {1, 2, 3}}, 1.5})",
    "cjson.decode('[' .. string.rep('\"a\\\\n\",', 20000) .. '1]')",
    "cjson.decode('\"' .. string.rep('\\\\n', 50000) .. '\"')",
    "cmsgpack.pack({string.rep('x', 100000), {a = {1, 2, 3}}, 1.5})",
    "cmsgpack.unpack('\\221\\0\\0\\78\\32' .. string.rep('\\161a', 20000))",
    "struct.pack('c0', string.rep('x', 100000))",
    "struct.pack(string.rep('x', 100000))",
]
FAILURES = [
    "cjson.encode({string.rep('x', 100000), next})",
    "cjson.decode('[\"' .. string.rep('\\\\n', 50000))",
    "cmsgpack.unpack(string.rep('\\161a', 1000) .. '\\193')",
    "struct.pack('c0b', string.rep('x', 100000), {})",
]


# In bytes: Lua's own stack and its table of strings are resized at times.
SLACK = 1000


def run(interpreter: Interpreter, body: str) -> bytes | None:
    return interpreter.run(f"local ok, result = pcall(function() return {body} end) return tostring(ok)".encode())


def outcome(interpreter: Interpreter, chunk: bytes) -> bytes | None:
    """Returns the result of a chunk, or the interpreter's error if there is not even memory for the chunk."""
    try:
        return interpreter.run(chunk)
    except LuaError as error:
        return error.args[0]


@pytest.mark.parametrize("body", CALLS + FAILURES)
def test_calls_that_are_repeated_hold_no_more_memory(body):
    interpreter = Interpreter()
    for _ in range(3):
        run(interpreter, body)
    before = interpreter.memory
    for _ in range(20):
        assert run(interpreter, body) == (b"true" if body in CALLS else b"false")
    assert interpreter.memory < before + SLACK


@pytest.mark.parametrize("body", CALLS)
def test_a_large_buffer_is_not_kept(body):
    interpreter = Interpreter()
    assert run(interpreter, body) == b"true"
    assert interpreter.memory < Interpreter().memory + 80_000


def test_the_buffer_of_encode_is_kept_only_if_the_setting_says_so():
    interpreter = Interpreter()
    interpreter.run(b"c = cjson.new() c.encode_keep_buffer(false) text = string.rep('x', 30000)")
    before = interpreter.memory
    assert interpreter.run(b"c.encode(text)") is None
    assert interpreter.memory < before + SLACK
    assert run(interpreter, "c.encode({text, next})") == b"false"
    assert interpreter.memory < before + SLACK
    interpreter.run(b"c.encode_keep_buffer(true) c.encode(text)")
    assert interpreter.memory > before + 30000


@pytest.mark.parametrize("body", CALLS)
def test_running_out_of_memory_is_an_error_wherever_it_happens(body):
    """The limit grows with each try, so that different allocations of the call are the one that fails."""
    interpreter = Interpreter()
    chunk = f"return tostring((pcall(function() return {body} end)))".encode()
    base = interpreter.memory
    outcomes = []
    for more in range(1000, 3_000_000, 10_007):
        interpreter.limit = base + more
        outcomes.append(outcome(interpreter, chunk))
        interpreter.limit = 1 << 60
    assert {b"true", b"false"} <= set(outcomes) <= {b"true", b"false", b"not enough memory"}
    assert interpreter.memory < base + 200_000


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("cmsgpack.unpack('\\221\\255\\255\\255\\255\\1')", 20),
        ("cmsgpack.unpack('\\223\\255\\255\\255\\255\\1')", 20),
        ("cmsgpack.unpack('\\219\\255\\255\\255\\255\\1')", 20),
        ("cmsgpack.unpack(string.rep('\\221\\255\\255\\255\\255', 3000))", 2000),
        ("struct.unpack('c2147483647', 'x')", 20),
        ("cjson.encode({[2^31 - 1] = 1})", 20),
    ],
)
def test_a_declared_length_allocates_no_memory(body, count):
    interpreter = Interpreter()
    interpreter.limit = interpreter.memory + count * 1024
    assert run(interpreter, body) == b"false"


def test_an_array_of_billions_of_holes_ends_at_the_limit_of_memory():
    interpreter = Interpreter()
    interpreter.limit = interpreter.memory + (8 << 20)
    chunk = (
        b"local c = cjson.new() c.encode_sparse_array(false, 0) return tostring((pcall(c.encode, {[2^31 - 1] = 1})))"
    )
    assert interpreter.run(chunk) == b"false"


@pytest.mark.parametrize(
    "body",
    [
        "return cjson.encode({1, {a = cjson.null}})",
        'return {cjson.decode(\'[1, "a", {"b": [true, null]}]\')}',
        "return cmsgpack.unpack(cmsgpack.pack({1, 'a', {b = {}}}))",
        "return {struct.unpack('>i4s', struct.pack('>i4s', -5, 'abc'))}",
        "return bit.tohex(bit.bor(1, 2 ^ 31))",
        "cjson.encode = nil",
        "cmsgpack.x = 1",
        "struct.pack = 1",
        "bit.tohex = 1",
        "return cjson.decode('[1')",
        "return cmsgpack.unpack('\\193')",
        "return struct.pack('y', 1)",
        "return bit.tobit({})",
        "cjson.encode_max_depth(3) return cjson.encode({{{{}}}})",
    ],
)
def test_scripts_find_the_libraries_and_cannot_change_them(pair, body):
    pair.check("SCRIPT", "FLUSH")
    pair.check("EVAL", body, 0)
    pair.check("EVAL", "return cjson.encode_max_depth(1000)", 0)


@pytest.mark.parametrize(
    "body",
    [
        "local t = {} for i = 1, 9000 do t = {t} end cjson.encode_max_depth(9999) return cjson.encode(t)",
        "local t = {} for i = 1, 7000 do t = {t} end cjson.encode_max_depth(9999) return #cjson.encode(t)",
        "cjson.decode_max_depth(9999) return #cjson.decode(string.rep('[', 7000) .. string.rep(']', 7000))",
        "cjson.decode_max_depth(9999) return cjson.decode(string.rep('{\"a\":', 9000))",
        "return cmsgpack.unpack(string.rep('\\145', 3999))",
        "return cmsgpack.unpack(string.rep('\\129', 9000))",
    ],
)
def test_the_deepest_nesting_fits_the_stack_that_scripts_run_on(pair2, body):
    pair2.check("EVAL", body, 0)
    pair2.check("EVAL", "return {cjson.encode_max_depth(1000), cjson.decode_max_depth(1000)}", 0)
