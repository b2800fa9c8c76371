"""A request parser in plain Python: the rules of the protocol, written to be read rather than to be fast.

The native parser is tested against it, and it is tested against the oracle. The rules it states:

*  A request whose first byte is ``*`` is multibulk, any other is inline.
*  Numbers are written as Redis writes them: no sign except ``-``, no leading zero, no ``-0``, within 64 bits.
*  An inline request ends with LF, and a CR before that is dropped; it is split as a shell would, with ``"…"`` (``\\n
   \\r \\t \\b \\a \\xHH``, any other escaped byte itself) and ``'…'`` (only ``\\'``); a closing quote must be followed
   by a blank or by the end of the line. A NUL ends the arguments of a line.
*  An empty request (blank line, ``*0``, any negative count) is consumed and yields nothing.
*  A line that does not end within 64 KB is an error; so is an invalid count or length, as soon as its line is complete.
*  Every error is final: the server replies ``-ERR`` with the text and closes the connection.

With ``strict`` it is stricter than Redis in two points, as the native parser is: in the place of CRLF, Redis skips any
two bytes, and it waits for the end of a line before it reports that the line does not begin with ``$``.
"""

from dataclasses import dataclass

INLINE_MAX = 64 * 1024
MULTIBULK_MAX = 2**31 - 1
BULK_MAX = 512 * 1024 * 1024
UNAUTHENTICATED_ARGUMENTS = 10
UNAUTHENTICATED_BULK = 16384

BLANKS = b" \t\n\v\f\r"
TOKEN_ENDS = b" \t\n\r\0"
ESCAPES = {ord("n"): b"\n", ord("r"): b"\r", ord("t"): b"\t", ord("b"): b"\b", ord("a"): b"\a"}
HEX = b"0123456789abcdefABCDEF"

Command = list[bytes]


class Incomplete(Exception):
    """More bytes are needed; none of the request has been consumed."""


class ProtocolError(Exception):
    """The text that follows ``-ERR Protocol error: ``."""


@dataclass(frozen=True)
class Limits:
    authenticated: bool = True
    max_bulk: int = BULK_MAX
    strict: bool = False


def parse(
    data: bytes,
    *,
    authenticated: bool = True,
    max_bulk: int = BULK_MAX,
    strict: bool = False,
) -> tuple[list[Command], int, str | None]:
    """Returns all complete requests: (commands, bytes consumed, error text or None).

    To go on, call it again with ``data[consumed:]`` and the bytes that followed. The error text is the complete error
    line without its ``-`` and CRLF; `consumed` is then the offset of the invalid request.
    """
    limits = Limits(authenticated, max_bulk, strict)
    commands: list[Command] = []
    position = 0
    while position < len(data):
        try:
            command, position = _request(data, position, limits)
        except Incomplete:
            break
        except ProtocolError as error:
            return commands, position, printable(f"ERR Protocol error: {error}")
        if command:
            commands.append(command)
    return commands, position, None


def printable(text: str) -> str:
    """Returns an error text as one line: CR, LF and NUL become blanks."""
    return text.translate({ord(character): " " for character in "\r\n\0"})


def _request(data: bytes, start: int, limits: Limits) -> tuple[Command, int]:
    return _multibulk(data, start, limits) if data[start] == ord("*") else _inline(data, start)


# Inline.


def _inline(data: bytes, start: int) -> tuple[Command, int]:
    end = data.find(b"\n", start)
    if (end if end >= 0 else len(data)) - start > INLINE_MAX:
        raise ProtocolError("too big inline request")
    if end < 0:
        raise Incomplete
    line = data[start:end]
    return split_arguments(line.removesuffix(b"\r")), end + 1


def split_arguments(line: bytes) -> Command:
    """Returns the arguments of one line; ProtocolError if a quote is not closed, or text follows a closing quote."""
    line = line.partition(b"\0")[0]
    arguments, position = [], 0
    while True:
        while position < len(line) and line[position] in BLANKS:
            position += 1
        if position == len(line):
            return arguments
        argument, position = _token(line, position)
        arguments.append(argument)


def _token(line: bytes, position: int) -> tuple[bytes, int]:
    token = b""
    while position < len(line) and line[position] not in TOKEN_ENDS:
        byte = line[position : position + 1]
        if byte in (b'"', b"'"):
            quoted, position = _quoted(line, position + 1, byte)
            return token + quoted, position
        token += byte
        position += 1
    return token, position


def _quoted(line: bytes, position: int, quote: bytes) -> tuple[bytes, int]:
    text = b""
    while position < len(line):
        if line[position : position + 1] == quote:
            if position + 1 < len(line) and line[position + 1] not in BLANKS:
                break
            return text, position + 1
        piece, position = _double(line, position) if quote == b'"' else _single(line, position)
        text += piece
    raise ProtocolError("unbalanced quotes in request")


def _double(line: bytes, position: int) -> tuple[bytes, int]:
    digits = line[position + 2 : position + 4]
    if line[position : position + 2] == b"\\x" and len(digits) == 2 and all(digit in HEX for digit in digits):
        return bytes([int(digits, 16)]), position + 4
    if line[position] == ord("\\") and position + 1 < len(line):
        return ESCAPES.get(line[position + 1], line[position + 1 : position + 2]), position + 2
    return line[position : position + 1], position + 1


def _single(line: bytes, position: int) -> tuple[bytes, int]:
    if line[position : position + 2] == b"\\'":
        return b"'", position + 2
    return line[position : position + 1], position + 1


# Multibulk.


def _multibulk(data: bytes, start: int, limits: Limits) -> tuple[Command, int]:
    line, position = _line(data, start, limits, "too big mbulk count string", "invalid multibulk length")
    count = integer(line[1:])
    if count is None or count > MULTIBULK_MAX:
        raise ProtocolError("invalid multibulk length")
    if count > UNAUTHENTICATED_ARGUMENTS and not limits.authenticated:
        raise ProtocolError("unauthenticated multibulk length")
    command = []
    for _ in range(count):
        argument, position = _bulk(data, position, limits)
        command.append(argument)
    return command, position


def _bulk(data: bytes, start: int, limits: Limits) -> tuple[bytes, int]:
    if limits.strict:
        _check_dollar(data, start)
    line, position = _line(data, start, limits, "too big bulk count string", "invalid bulk length")
    _check_dollar(data, start)
    length = integer(line[1:])
    if length is None or length < 0 or length > limits.max_bulk:
        raise ProtocolError("invalid bulk length")
    if length > UNAUTHENTICATED_BULK and not limits.authenticated:
        raise ProtocolError("unauthenticated bulk length")
    end = position + length + 2
    if end > len(data):
        raise Incomplete
    _check_crlf(data, end - 2, limits, "expected CRLF after a bulk")
    return data[position : end - 2], end


def _check_dollar(data: bytes, position: int) -> None:
    got = data[position : position + 1]
    if got not in (b"$", b""):
        raise ProtocolError(f"expected '$', got '{got.decode('latin-1')}'")


def _line(data: bytes, start: int, limits: Limits, too_big: str, invalid: str) -> tuple[bytes, int]:
    """Returns the line without its two closing bytes, and the offset of the next."""
    end = data.find(b"\r", start)
    if (end if end >= 0 else len(data)) - start > INLINE_MAX:
        raise ProtocolError(too_big)
    if end < 0 or end + 2 > len(data):
        raise Incomplete
    _check_crlf(data, end, limits, invalid)
    return data[start:end], end + 2


def _check_crlf(data: bytes, position: int, limits: Limits, error: str) -> None:
    if limits.strict and data[position : position + 2] != b"\r\n":
        raise ProtocolError(error)


def integer(text: bytes) -> int | None:
    """Returns the number, read as Redis reads lengths, or None."""
    digits = text.removeprefix(b"-")
    if text == b"0":
        return 0
    if not digits.isdigit() or digits.startswith(b"0") or len(text) > 20:
        return None
    value = int(text)
    return value if -(2**63) <= value < 2**63 else None
