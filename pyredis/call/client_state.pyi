"""A client as Python commands see it."""

from pyredis.call.permissions import Permissions

class ClientState:
    """The state that CLIENT INFO shows and commands set. Times are in milliseconds since 1970, sizes in bytes."""

    name: bytes
    lib_name: bytes
    lib_ver: bytes
    protocol: int
    authenticated: bool
    no_evict: bool
    no_touch: bool
    reply_mode: str

    @property
    def fd(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def local_address(self) -> str: ...
    @property
    def must_authenticate(self) -> bool:
        """Whether it is refused until it authenticates."""
    def require_password(self, required: bool) -> None: ...
    @property
    def id(self) -> int: ...
    @property
    def db(self) -> int: ...
    @property
    def user(self) -> str:
        """The name of its user."""
    @property
    def user_name(self) -> bytes:
        """The same as bytes."""
    def log_in(self, permissions: Permissions | None = None) -> None:
        """Makes it a user's, authenticated; the default user's if ``permissions`` is None."""
    def log_out(self) -> None:
        """Makes it the default user's again, as a client that has not authenticated."""
    def belongs_to(self, permissions: Permissions) -> bool:
        """Whether it is the user's whose permissions these are."""
    @property
    def subscriptions(self) -> list[tuple[str, bytes]]:
        """What it is subscribed to, as (``channel``, ``pattern`` or ``shard``, name)."""
    @property
    def is_unix(self) -> bool: ...
    @property
    def ending(self) -> bool:
        """Whether the client is being closed, or is closed."""
    @property
    def flags_text(self) -> str: ...
    @property
    def redirection(self) -> int:
        """The id of the client that CLIENT TRACKING redirects to, 0 for itself, -1 if tracking is off."""
    @property
    def tracking_memory(self) -> int:
        """Bytes kept for CLIENT TRACKING; the table of keys is not counted."""
    @property
    def output_class(self) -> str:
        """The class of its ``client-output-buffer-limit``: ``normal``, ``replica`` or ``pubsub``."""
    @property
    def blocked(self) -> bool:
        """Whether its command waits."""
    @property
    def created_ms(self) -> int: ...
    @property
    def active_ms(self) -> int: ...
    @property
    def queued(self) -> int:
        """The number of commands queued since MULTI, -1 outside a transaction."""
    @property
    def watching(self) -> int: ...
    @property
    def channels(self) -> int:
        """How many channels it is subscribed to."""
    @property
    def patterns(self) -> int: ...
    @property
    def shard_channels(self) -> int: ...
    @property
    def subscription_memory(self) -> int:
        """Bytes kept for what it is subscribed to; the channels themselves are not counted."""
    @property
    def multi_memory(self) -> int: ...
    @property
    def argument_memory(self) -> int:
        """Bytes kept for a waiting command."""
    @property
    def query_buffer(self) -> int: ...
    @property
    def query_free(self) -> int: ...
    @property
    def input_memory(self) -> int: ...
    @property
    def output_memory(self) -> int: ...
    @property
    def total_memory(self) -> int: ...
    @property
    def bytes_in(self) -> int: ...
    @property
    def bytes_out(self) -> int: ...
    @property
    def commands(self) -> int: ...
    @property
    def last_command(self) -> str | None: ...
