"""Whether a client is on this host."""

from typing import Protocol


class Addressed(Protocol):
    """A client with an address: ``host:port``, an IPv6 host in brackets."""

    @property
    def is_unix(self) -> bool: ...
    @property
    def address(self) -> str: ...


def is_local(client: Addressed) -> bool:
    """Returns whether the client is on this host, judging by its address."""
    if client.is_unix:
        return True
    host = client.address.rsplit(":", 1)[0]
    return host.startswith("127.") or host in ("[::1]", "[::ffff:127.0.0.1]")
