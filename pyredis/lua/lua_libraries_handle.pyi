"""A bare Lua interpreter with the libraries for scripts, and the hook of a server's, only for the tests."""

def hook_count(core: object) -> int:
    """Returns after how many instructions the hook of the server's interpreter for scripts is called."""

class LuaError(Exception):
    """An error that a chunk raised; the argument is its message, as bytes."""

class Interpreter:
    """A state with the standard libraries that access no files, and ``cjson``, ``cmsgpack``, ``struct`` and ``bit``.

    `memory` is the number of bytes in use after a full collection. An allocation that would exceed `limit` bytes fails.
    """

    limit: int
    def run(self, chunk: bytes) -> bytes | None:
        """Runs a chunk under the name that scripts have in error messages; returns its result, a string or None."""

    @property
    def memory(self) -> int: ...
