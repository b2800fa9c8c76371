"""User methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Record, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import ok, text, texts, user_facts


class UserMethods(Caller):
    def acl_cat(self, category: str | None = None, **kwargs: Any) -> list[str]:
        """Sends ACL CAT, which this server does not have."""
        words: list[Any] = [b"ACL", b"CAT"]
        if category is not None:
            words.append(category)
        return self._call(words, texts)

    def acl_deluser(self, *username: str, **kwargs: Any) -> int:
        """Sends ACL DELUSER, which this server does not have."""
        return self._call((b"ACL", b"DELUSER", *username))

    def acl_dryrun(self, username: str, *args: Value, **kwargs: Any) -> Text:
        """Sends ACL DRYRUN, which this server does not have."""
        return self._call((b"ACL", b"DRYRUN", username, *args))

    def acl_getuser(self, username: str, **kwargs: Any) -> Record | None:
        """Sends ACL GETUSER, which this server does not have."""
        return self._call((b"ACL", b"GETUSER", username), user_facts)

    def acl_help(self, **kwargs: Any) -> list[str]:
        """Sends ACL HELP, which this server does not have."""
        return self._call((b"ACL", b"HELP"), texts)

    def acl_list(self, **kwargs: Any) -> list[str]:
        """Sends ACL LIST, which this server does not have."""
        return self._call((b"ACL", b"LIST"), texts)

    def acl_load(self, **kwargs: Any) -> bool:
        """Sends ACL LOAD, which this server does not have."""
        return self._call((b"ACL", b"LOAD"), ok)

    def acl_log_reset(self, **kwargs: Any) -> bool:
        """Sends ACL LOG, which this server does not have."""
        return self._call((b"ACL", b"LOG", b"RESET"), ok)

    def acl_save(self, **kwargs: Any) -> bool:
        """Sends ACL SAVE, which this server does not have."""
        return self._call((b"ACL", b"SAVE"), ok)

    def acl_users(self, **kwargs: Any) -> list[str]:
        """Sends ACL USERS, which this server does not have."""
        return self._call((b"ACL", b"USERS"), texts)

    def acl_whoami(self, **kwargs: Any) -> str:
        """Sends ACL WHOAMI, which this server does not have."""
        return self._call((b"ACL", b"WHOAMI"), text)
