"""Commands that the program adds."""

from typing import Any, Final

LEVELS: Final[dict[str, int]]

class CommandContext:
    """What the handler of a command is called with: calls commands, and says for which client it runs."""

    @property
    def db(self) -> int:
        """The number of the database that ``call`` uses; that of the client, unless the handler has called SELECT."""
    @property
    def client_id(self) -> int:
        """The client's ID, as CLIENT ID returns it."""
    @property
    def protocol(self) -> int:
        """The version of the protocol in which the reply will be sent: 2 or 3."""
    def call(self, *arguments: bytes | str | int | float) -> Any:
        """Runs a command and returns its reply as RESP3 has it: bytes, int, float, list, dict, set, None, bool.

        ``arguments`` are bytes, str, int and float, the command's name first. Raises ReplyError for an error reply,
        TypeError or ValueError for arguments that cannot be sent, and RuntimeError outside of the command.
        """
    def log(self, message: object, level: str = "notice") -> None:
        """Writes a message to the server's log; ``level`` is debug, verbose, notice or warning."""
