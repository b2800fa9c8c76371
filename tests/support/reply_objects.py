"""Comparable forms of the objects that ``pyredis.wire.reply_objects`` makes of replies."""

import math

from pyredis.wire.reply_objects import ReplyError


def comparable(value):
    """The value with its type; errors compare by their text, and NaN equals itself."""
    if isinstance(value, ReplyError):
        return "error", str(value)
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if isinstance(value, list | tuple):
        return type(value).__name__ == "tuple", [comparable(item) for item in value]
    if isinstance(value, dict):
        return "dict", sorted(repr((comparable(key), comparable(item))) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(repr(comparable(item)) for item in value)
    return type(value).__name__, value


def shape(value):
    """The types without the values."""
    if isinstance(value, list | tuple):
        return [shape(item) for item in value]
    return type(value).__name__ if not isinstance(value, dict) else {key: shape(item) for key, item in value.items()}
