"""A log and a reader as Python objects, for tests; what the server uses is in ``journal/log.pxd``."""

class LogWriter:
    """A log over a ring of `ring_size` bytes (a power of two). All methods belong to one thread."""

    loose: bool

    def __init__(self, ring_size: int = 65536) -> None: ...
    def begin(self, database: int) -> None: ...
    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Raises ValueError while nobody reads."""

    def selected(self, database: int) -> None: ...
    def publish(self) -> None: ...
    def join(self, limit: int | None = None) -> LogFollower:
        """A new reader, which may fall `limit` bytes behind. Raises BlockingIOError while a unit is open."""

    @property
    def position(self) -> int: ...
    @property
    def is_open(self) -> bool: ...
    @property
    def memory(self) -> int: ...

class LogFollower:
    """A reader of a log. The reader leaves it when the object goes."""

    fell_behind: int | None
    """How many bytes the reader was behind when it was lost."""

    def join(self) -> None:
        """Begins anew at the newest byte. Raises BlockingIOError while a unit is open."""

    def leave(self) -> None: ...
    def read(self, most: int | None = None) -> bytes:
        """What was published since the last time, up to `most` bytes of it. Raises BufferError once lost."""

    @property
    def position(self) -> int: ...
    @property
    def lost(self) -> bool: ...
