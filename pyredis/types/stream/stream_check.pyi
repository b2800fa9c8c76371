"""Whether bytes are a block of a stream, for native code alone: see ``stream_check.pxd``."""
