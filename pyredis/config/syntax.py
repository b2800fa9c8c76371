"""The syntax of redis.conf and of the command line: words, quotes, escapes, and options that become lines.

Text is ``str``. Bytes that are not UTF-8 become surrogate escapes, so every value survives reading and rewriting.
"""

import re
from collections.abc import Collection, Iterable, Sequence

_SPACES = b" \t\n\r\v\f"
_ESCAPES = {ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("b"): b"\b", ord("a"): b"\a"}
_UNESCAPES = {value[0]: b"\\" + bytes((letter,)) for letter, value in _ESCAPES.items()}
_HEX = rb"x([0-9a-fA-F]{2})"


class Unbalanced(ValueError):
    """A quote is not closed, or no space follows the closing quote."""


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def trim(line: str) -> str:
    """Returns a line without the blanks around it."""
    return line.strip(" \t\r\n")


def split_words(line: str) -> list[str]:
    """Returns the words of a line, quotes and escapes resolved. Raises `Unbalanced`."""
    data = to_bytes(line)
    words: list[str] = []
    at = 0
    while True:
        while at < len(data) and data[at] in _SPACES:
            at += 1
        if at == len(data):
            return words
        word, at = _word(data, at)
        words.append(to_text(word))


def _word(data: bytes, at: int) -> tuple[bytes, int]:
    """Returns the word that begins at ``at``, and where it ends. A word may be partly quoted: ``a"b c"`` is one."""
    parts: list[bytes] = []
    while at < len(data) and data[at] not in _SPACES:
        if data[at] in b"\"'":
            quoted, at = _quoted(data, at)
            parts.append(quoted)
            break
        parts.append(data[at : at + 1])
        at += 1
    return b"".join(parts), at


def _quoted(data: bytes, at: int) -> tuple[bytes, int]:
    quote = data[at]
    unescape = _double_escape if quote == ord('"') else _single_escape
    parts: list[bytes] = []
    at += 1
    while at < len(data) and data[at] != quote:
        part, at = unescape(data, at) if data[at] == ord("\\") else (data[at : at + 1], at + 1)
        parts.append(part)
    if at == len(data) or (at + 1 < len(data) and data[at + 1] not in _SPACES):
        raise Unbalanced
    return b"".join(parts), at + 1


def _double_escape(data: bytes, at: int) -> tuple[bytes, int]:
    if found := re.match(_HEX, data[at + 1 : at + 4]):
        return bytes((int(found[1], 16),)), at + 1 + found.end()
    if at + 1 == len(data):
        return b"\\", at + 1
    return _ESCAPES.get(data[at + 1], data[at + 1 : at + 2]), at + 2


def _single_escape(data: bytes, at: int) -> tuple[bytes, int]:
    return (b"'", at + 2) if data[at + 1 : at + 2] == b"'" else (b"\\", at + 1)


def quote(text: str) -> str:
    """Quotes text as CONFIG REWRITE does: in double quotes, ASCII only, so that it is read back as the same bytes."""
    parts = [_escaped(byte) for byte in to_bytes(text)]
    return f'"{b"".join(parts).decode("ascii")}"'


def _escaped(byte: int) -> bytes:
    if byte in b'"\\':
        return b"\\" + bytes((byte,))
    if byte in _UNESCAPES:
        return _UNESCAPES[byte]
    return bytes((byte,)) if 32 <= byte < 127 else b"\\x%02x" % byte


def split_options(arguments: Sequence[str], bare: Collection[str] = ()) -> list[list[str]]:
    """Splits the command line after the file name into one list for each option: its raw word and its values.

    The rule is Redis's: the word after an option is its value even if it begins with two dashes, and further words
    belong to it until the next one with dashes. ``--save`` and the options in ``bare`` may occur without a value.
    """
    groups: list[list[str]] = []
    complete = True
    for at, word in enumerate(arguments):
        if complete and word.startswith("--"):
            groups.append([word])
            followed = arguments[at + 1 : at + 2]
            complete = word in bare or _has_value(word) or _is_empty_save(word, followed)
        else:
            if not groups:
                groups.append([])
            groups[-1].append(word)
            complete = True
    return groups


def _has_value(option: str) -> bool:
    """Whether a single argument contains an option with its value, as in ``"--save 900 1"``."""
    try:
        return len(split_words(option)) != 1
    except Unbalanced:
        return True


def _is_empty_save(option: str, followed: Sequence[str]) -> bool:
    return option.lower() == "--save" and (not followed or followed[0].startswith("--"))


def option_lines(arguments: Sequence[str]) -> list[str]:
    """Returns the command line as lines of a configuration file."""
    return [trim(_option_line(group)) for group in split_options(arguments)]


def _option_line(group: Sequence[str]) -> str:
    head = [group[0][2:]] if group[0].startswith("--") else [quote(group[0])]
    values: Iterable[str] = map(quote, group[1:])
    if len(group) == 1 and group[0].lower() == "--save":
        values = ['""']
    return " ".join([*head, *values])
