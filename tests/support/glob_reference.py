"""Glob patterns as Redis reads them, over bytes: ``*``, ``?``, ``[abc]``, ``[^a-z]`` and ``\\`` before a literal byte.

A pattern is a list of elements; each matches one byte, except ``*``, which matches any number. Matching backtracks only
to the last ``*``, so at worst it takes time proportional to pattern times text. As in Redis, an empty text matches only
the empty pattern; commands that treat ``*`` as "all keys" (KEYS, SCAN) do not call the matcher for it.
"""

from functools import lru_cache

_STAR = None
_NOTHING: frozenset[int] = frozenset()


def matches(pattern: bytes, text: bytes, *, ignore_case: bool = False) -> bool:
    """Whether all of ``text`` matches ``pattern``."""
    if not text:
        return not pattern
    if ignore_case:
        pattern, text = pattern.lower(), text.lower()
    return _match(_compile(pattern), text)


@lru_cache(maxsize=64)
def _compile(pattern: bytes) -> tuple[frozenset[int] | None, ...]:
    """Each element as the set of bytes that it matches; None for ``*``."""
    elements: list[frozenset[int] | None] = []
    at = 0
    while at < len(pattern):
        element, at = _element(pattern, at)
        if element is not _STAR or elements[-1:] != [_STAR]:
            elements.append(element)
    return tuple(elements)


def _element(pattern: bytes, at: int) -> tuple[frozenset[int] | None, int]:
    """The element that begins at ``at``, and the position of the next one."""
    byte = pattern[at : at + 1]
    if byte == b"*":
        return _STAR, at + 1
    if byte == b"?":
        return frozenset(range(256)), at + 1
    if byte == b"[":
        return _set(pattern, at + 1)
    if byte == b"\\" and at + 1 < len(pattern):
        at += 1
    return frozenset(pattern[at : at + 1]), at + 1


def _set(pattern: bytes, at: int) -> tuple[frozenset[int], int]:
    """The bytes that a bracket expression matches, and the position after it; an unclosed one ends with the pattern."""
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members: set[int] = set()
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == b"\\" and at + 1 < len(pattern):
            members.add(pattern[at + 1])
            at += 2
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            members.update(range(low, high + 1))
            at += 3
        else:
            members.add(pattern[at])
            at += 1
    return frozenset(range(256)).difference(members) if negated else frozenset(members), at + 1


def _match(elements: tuple[frozenset[int] | None, ...], text: bytes) -> bool:
    element = at = 0
    star, resume = -1, 0
    while at < len(text):
        wanted = elements[element] if element < len(elements) else _NOTHING
        if wanted is None:
            star, resume = element, at
            element += 1
        elif text[at] in wanted:
            element += 1
            at += 1
        elif star >= 0:
            resume += 1
            element, at = star + 1, resume
        else:
            return False
    return all(rest is _STAR for rest in elements[element:])
