"""User methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from typing import Any

from pyredis.embedded.api.api_types import Record, Text, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import ok, text, texts, user_facts


class UserMethods(Caller):
    def acl_cat(self, category: str | None = None, **kwargs: Any) -> list[str]:
        """Lists the categories of commands, or the commands of one."""
        words: list[Any] = [b"ACL", b"CAT"]
        if category is not None:
            words.append(category)
        return self._call(words, texts)

    def acl_deluser(self, *username: str, **kwargs: Any) -> int:
        """Deletes users, and closes the connections that are theirs."""
        return self._call((b"ACL", b"DELUSER", *username))

    def acl_dryrun(self, username: str, *args: Value, **kwargs: Any) -> Text:
        """Says whether a user may run a command, which is not run."""
        return self._call((b"ACL", b"DRYRUN", username, *args))

    def acl_getuser(self, username: str, **kwargs: Any) -> Record | None:
        """Describes a user: flags, hashes of the passwords, commands, keys, channels and selectors."""
        return self._call((b"ACL", b"GETUSER", username), user_facts)

    def acl_help(self, **kwargs: Any) -> list[str]:
        """Lists the subcommands of ACL and what each does."""
        return self._call((b"ACL", b"HELP"), texts)

    def acl_list(self, **kwargs: Any) -> list[str]:
        """Describes all users, each as a line of a configuration file."""
        return self._call((b"ACL", b"LIST"), texts)

    def acl_load(self, **kwargs: Any) -> bool:
        """Replaces all users by those in the ACL file, or none if the file has an error."""
        return self._call((b"ACL", b"LOAD"), ok)

    def acl_log_reset(self, **kwargs: Any) -> bool:
        """Lists what was refused to users recently, or clears the list."""
        return self._call((b"ACL", b"LOG", b"RESET"), ok)

    def acl_save(self, **kwargs: Any) -> bool:
        """Writes all users to the ACL file."""
        return self._call((b"ACL", b"SAVE"), ok)

    def acl_users(self, **kwargs: Any) -> list[str]:
        """Lists the names of all users."""
        return self._call((b"ACL", b"USERS"), texts)

    def acl_whoami(self, **kwargs: Any) -> str:
        """Returns the name of this connection's user."""
        return self._call((b"ACL", b"WHOAMI"), text)
