"""A log and a reader as Python objects, for tests; the server uses ``journal/log.pxd``."""

class LogWriter:
    """A log over a ring of `ring_size` bytes (a power of two). All methods must be called in one thread."""

    loose: bool

    def __init__(self, ring_size: int = 65536) -> None: ...
    def begin(self, database: int) -> None: ...
    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Appends bytes. Raises ValueError while the log has no reader."""

    def selected(self, database: int) -> None: ...
    def publish(self) -> None: ...
    def join(self, limit: int | None = None) -> LogFollower:
        """Returns a new reader, which may fall `limit` bytes behind. Raises BlockingIOError while a unit is open."""

    @property
    def position(self) -> int: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def memory(self) -> int: ...

class LogFollower:
    """A reader of a log. It leaves the log when the object is freed."""

    fell_behind: int | None
    """How many bytes the reader was behind when it was lost."""

    def join(self) -> None:
        """Joins again, at the newest byte. Raises BlockingIOError while a unit is open."""

    def leave(self) -> None: ...
    def read(self, most: int | None = None) -> bytes:
        """Returns the bytes published since the last call, at most `most` of them. Raises BufferError if lost."""

    @property
    def position(self) -> int: ...
    @property
    def lost(self) -> bool: ...
