"""The encryption of a connection: for native code only."""

class Cipher:
    """The encryption of one connection."""
