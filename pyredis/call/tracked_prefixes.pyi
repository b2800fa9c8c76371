"""The prefixes of BCAST mode, for native code only: see ``call/tracked_prefixes.pxd``."""
