"""Consumer groups, for native code alone: see ``stream_groups.pxd``."""
