"""What is on its way to clients besides their own replies, for native code alone: see ``outbox.pxd``."""
