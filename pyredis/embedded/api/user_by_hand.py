"""The methods of users that no row of `method_table` describes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyredis.embedded.api.api_types import Key, Record
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import denials, ok, text

MOST_BITS = 4096


class UserByHand(Caller):
    def acl_genpass(self, bits: int | None = None, **kwargs: Any) -> str:
        """Returns a random password in hexadecimal digits."""
        if bits is not None and not (str(bits).isdecimal() and int(bits) <= MOST_BITS):
            raise data_error("genpass optionally accepts a bits argument, between 0 and 4096.")
        return self._call((b"ACL", b"GENPASS", *(() if bits is None else (int(bits),))), text)

    def acl_log(self, count: int | None = None, **kwargs: Any) -> list[Record]:
        """Returns what was refused to users recently."""
        if count is not None and not isinstance(count, int):
            raise data_error("ACL LOG count must be an integer")
        return self._call((b"ACL", b"LOG", *(() if count is None else (count,))), denials)

    def acl_setuser(
        self,
        username: str,
        enabled: bool = False,
        nopass: bool = False,
        passwords: str | Iterable[str] | None = None,
        hashed_passwords: str | Iterable[str] | None = None,
        categories: Iterable[str] | None = None,
        commands: Iterable[str] | None = None,
        keys: Iterable[Key] | None = None,
        channels: Iterable[Key] | None = None,
        selectors: Iterable[tuple[str, Key]] | None = None,
        reset: bool = False,
        reset_keys: bool = False,
        reset_channels: bool = False,
        reset_passwords: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Creates a user or changes one; passwords, categories and commands begin with ``+`` or ``-``."""
        if (passwords or hashed_passwords) and nopass:
            raise data_error("Cannot set 'nopass' and supply 'passwords' or 'hashed_passwords'")
        resets = ((reset, b"reset"), (reset_keys, b"resetkeys"), (reset_channels, b"resetchannels"))
        words: list[Any] = [word for given, word in (*resets, (reset_passwords, b"resetpass")) if given]
        words.append(b"on" if enabled else b"off")
        words += _signed(_listed(passwords), "Password", {b"+": b">", b"-": b"<"})
        words += _signed(_listed(hashed_passwords), "Hashed password", {b"+": b"#", b"-": b"!"})
        words += [b"nopass"] if nopass else []
        words += [_category(category) for category in categories or ()]
        words += [_command(command) for command in commands or ()]
        words += [_key(key) for key in keys or ()]
        words += [b"&" + _bytes(channel) for channel in channels or ()]
        words += [b"(" + _command(command) + b" " + _key(key) + b")" for command, key in selectors or ()]
        return self._call((b"ACL", b"SETUSER", username, *words), ok)


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _listed(given: Any) -> Iterable[Any]:
    return (given,) if isinstance(given, str | bytes) else given or ()


def _signed(given: Iterable[Any], what: str, marks: dict[bytes, bytes]) -> list[bytes]:
    """Returns words with the rule's mark in place of the sign; raises DataError for one that has none."""
    words = []
    for at, value in enumerate(given):
        word = _bytes(value)
        if word[:1] not in marks:
            raise data_error(f'{what} {at} must be prefixed with a "+" to add or a "-" to remove')
        words.append(marks[word[:1]] + word[1:])
    return words


def _category(category: Any) -> bytes:
    word = _bytes(category)
    if word[:1] not in (b"+", b"-"):
        raise data_error(f'Category "{text(word)}" must be prefixed with "+" or "-"')
    return word if word[1:2] == b"@" else word[:1] + b"@" + word[1:]


def _command(command: Any) -> bytes:
    word = _bytes(command)
    if word[:1] not in (b"+", b"-"):
        raise data_error(f'Command "{text(word)}" must be prefixed with "+" or "-"')
    return word


def _key(pattern: Any) -> bytes:
    word = _bytes(pattern)
    return word if word[:1] in (b"~", b"%") else b"~" + word
