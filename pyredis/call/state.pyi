"""The native state of one server, see ``state.pxd``."""

class State:
    """The owner of a server's native state."""
