"""Consumer groups, for native code only: see ``consumer_groups.pxd``."""
