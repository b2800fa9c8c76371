"""The clients that have sent MONITOR, for native code only: see ``call/monitors.pxd``."""
