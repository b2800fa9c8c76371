"""Whether a command has written one reply, for native code alone: see ``dispatch/reply_check.pxd``."""
