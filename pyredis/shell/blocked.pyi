"""The part of a connection that blocks its client and ends the wait."""

from pyredis.shell.sending import Sender

class Blockable(Sender):
    """A connection that executes nothing while one of its commands waits."""

    def block(self) -> None:
        """Stops executing the client's commands until ``unblock``; its input is kept."""
    def unblock(self, reply: bytes) -> None:
        """Answers the command that blocked the client, and continues with its input."""
    def end_wait(self, error: bool = False) -> bool:
        """Ends the wait for keys with the reply of a timeout, or with an error; returns False if there is no wait."""
    def retime(self, shift: float) -> None: ...
    def set_alarm(self) -> None: ...
    def ring(self) -> None: ...
