"""Replies that the socket does not take at once: for native code alone."""

class Part: ...

class Parcel:
    size: int

class Outgoing:
    size: int
