"""Consumer groups, for native code only: see ``stream_groups.pxd``."""
