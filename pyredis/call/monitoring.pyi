"""The lines that MONITOR shows, for native code only: see ``call/monitoring.pxd``."""
