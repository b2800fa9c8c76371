"""Whether bytes are a block of a stream, for native code only: see ``stream_check.pxd``."""
