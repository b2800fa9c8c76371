"""The types in the signatures of the methods.

A result of type ``Text`` is bytes, or str if the database was opened with ``decode_responses``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

Bytes = bytes | bytearray | memoryview
Key = Bytes | str
Value = Bytes | str | int | float
Keys = Key | Iterable[Key]
Values = Value | Iterable[Value]
Pattern = Key
Id = Key | int
Number = int | float
Bound = Value
Expiry = int | timedelta
Moment = int | datetime
Cast = Callable[[Any], Any]
Weights = Sequence[Key] | Mapping[Any, float]

Text = bytes | str
# Named, because the classes that use them have a method `set`.
Members = set[Text]
Pairs = list[tuple[Text, Any]]
Ranked = list[Text] | list[tuple[Text, Any]]
Entry = tuple[Text | None, dict[Text, Text] | None]
Entries = list[Entry]
Streams = list[list[Any]]
Record = dict[str, Any]
Scan = tuple[int, list[Text]]
Point = tuple[float, float]
