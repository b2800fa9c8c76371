"""The first line of a script, ``#!lua flags=no-writes,allow-oom``, and that of a library, ``#!lua name=mylib``."""

from pyredis.config.syntax import Unbalanced, split_words

# The bits are those of ``ScriptFlag`` (``lua/interpreter.pxd``).
FLAGS = {
    "no-writes": 1 << 0,
    "allow-oom": 1 << 1,
    "allow-stale": 1 << 2,
    "no-cluster": 1 << 3,
    "allow-cross-slot-keys": 1 << 4,
}
PLAIN = 1 << 8


class ShebangError(Exception):
    """The line is invalid; the text is that of the error reply, without its code."""


def parse_shebang(body: bytes) -> tuple[int, int]:
    """Returns the script's flags, and how many bytes the Lua parser must skip: the line without its newline."""
    if not body.startswith(b"#!"):
        return PLAIN, 0
    line, end, _ = body.partition(b"\n")
    if not end:
        raise ShebangError("Invalid script shebang")
    words = _words(line.decode("utf-8", "surrogateescape"), "Invalid engine in script shebang")
    if words[0] != "#!lua":
        raise ShebangError(f"Unexpected engine in script shebang: {words[0]}")
    flags = 0
    for word in words[1:]:
        flags |= _option(word)
    return flags, len(line)


def parse_library(code: bytes) -> tuple[str, str, int]:
    """Returns a library's engine and name, and how many bytes Lua's parser must skip: the line without its newline."""
    if not code.startswith(b"#!"):
        raise ShebangError("Missing library metadata")
    line, end, _ = code.partition(b"\n")
    if not end or b"\0" in line:
        raise ShebangError("Invalid library metadata")
    words = _words(line.decode("utf-8", "surrogateescape"), "Invalid library metadata")
    name = None
    for word in words[1:]:
        if word[:5].lower() != "name=":
            raise ShebangError(f"Invalid metadata value given: {word}")
        if name is not None:
            raise ShebangError("Invalid metadata value, name argument was given multiple times")
        name = word[5:]
    if name is None:
        raise ShebangError("Library name was not given")
    return words[0][2:], name, len(line)


def _words(line: str, error: str) -> list[str]:
    try:
        return split_words(line)
    except Unbalanced:
        raise ShebangError(error) from None


def _option(word: str) -> int:
    if not word.startswith("flags="):
        raise ShebangError(f"Unknown lua shebang option: {word}")
    flags = 0
    for name in filter(None, [word.removeprefix("flags=")]):
        for flag in name.split(","):
            if flag not in FLAGS:
                raise ShebangError(f"Unexpected flag in script shebang: {flag}")
            flags |= FLAGS[flag]
    return flags
