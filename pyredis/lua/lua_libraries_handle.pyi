"""A bare Lua interpreter with the libraries for scripts, for the tests and nothing else."""

class LuaError(Exception):
    """What a chunk raised: its message, as bytes."""

class Interpreter:
    """A state with the standard libraries that know no files, and ``cjson``, ``cmsgpack``, ``struct`` and ``bit``.

    `memory` is what it has allocated, in bytes; an allocation that would make that more than `limit` fails.
    """

    limit: int
    def run(self, chunk: bytes) -> bytes | None:
        """Runs a chunk by the name that scripts have in error messages; its result is a string or nil."""

    @property
    def memory(self) -> int: ...
