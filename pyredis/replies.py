"""The values that a Python handler can return, and how each is encoded.

A handler returns one value; the native encoder writes it for the connection's protocol. This module imports nothing,
so that the encoder, which is below everything else, can import it.

| value                  | RESP2                                | RESP3                     |
|------------------------|--------------------------------------|---------------------------|
| ``bytes``              | bulk ``$``                           | bulk ``$``                |
| ``int``                | integer ``:``                        | integer ``:``             |
| ``bool``               | integer ``:1`` or ``:0``             | boolean ``#t`` or ``#f``  |
| ``float``              | bulk ``$``, as Redis prints a double | double ``,``              |
| ``None``               | null bulk ``$-1``                    | null ``_``                |
| ``NULL_ARRAY``         | null array ``*-1``                   | null ``_``                |
| ``list``, ``tuple``    | array ``*``                          | array ``*``               |
| ``dict`` (``Map``)     | array of keys and values in turn     | map ``%``                 |
| ``Set``, ``set``       | array ``*``                          | set ``~``                 |
| ``Push``               | array ``*``                          | push ``>``                |
| ``Status``             | simple string ``+``                  | simple string ``+``       |
| ``Error``              | error ``-``                          | error ``-``               |
| ``Verbatim``           | bulk ``$`` of the text alone         | verbatim ``=``            |
| ``BigNumber``          | bulk ``$``                           | big number ``(``          |
| ``Attributed``         | the value alone                      | attribute ``|``, then it  |

The encoder tests for ``bool`` before ``int``, and for the classes below before the built-in ones they extend. In status
and error texts it replaces CR and LF with blanks.
"""

Map = dict


class Status(bytes):
    """A simple string: ``Status(b"OK")``."""

    __slots__ = ()


class Error(bytes):
    """An error with its code: ``Error(b"ERR syntax error")``."""

    __slots__ = ()


class BigNumber(bytes):
    """The decimal digits of an integer of any size."""

    __slots__ = ()


class Set(list):
    """A set whose members keep their order and need not be hashable; no member may occur twice."""

    __slots__ = ()


class Push(list):
    """An out-of-band message: its kind, then its arguments."""

    __slots__ = ()


class Verbatim:
    """A text with its three-letter format, ``txt`` or ``mkd``."""

    __slots__ = ("kind", "text")

    def __init__(self, text: bytes, kind: bytes = b"txt") -> None:
        self.text = text
        self.kind = kind


class Attributed:
    """A value with attributes before it, which RESP2 cannot express."""

    __slots__ = ("attributes", "value")

    def __init__(self, attributes: dict, value: object) -> None:
        self.attributes = attributes
        self.value = value


class _NullArray:
    """The type of ``NULL_ARRAY``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NULL_ARRAY"


NULL_ARRAY = _NullArray()
OK = Status(b"OK")
