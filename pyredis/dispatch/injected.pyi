"""Injected faults: replies that are held."""

from pyredis.call.client_state import ClientState

class HeldReply:
    """The reply of a command that has been executed, until it is delivered."""

    def deliver(self, client: ClientState, offset: int) -> None:
        """Answers the client's command, once the file has reached ``offset``; the hub must deliver the outbox."""
