"""Messages for clients besides their own replies, for native code only: see ``call/outbox.pxd``."""
