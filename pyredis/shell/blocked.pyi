"""The waiting half of a connection."""

from pyredis.shell.sending import Sender

class Blockable(Sender):
    """A connection that executes nothing while its command waits."""

    def block(self) -> None:
        """Executes nothing more of this connection until ``unblock``; what it sends is kept."""
    def unblock(self, reply: bytes) -> None:
        """Answers the command that blocked, and continues with the client's input."""
    def end_wait(self, error: bool = False) -> bool:
        """Ends the wait for keys with the reply of a timeout, or with an error; false if the client does not wait."""
    def set_alarm(self) -> None: ...
    def ring(self) -> None: ...
