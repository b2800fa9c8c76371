"""The queues of clients that wait, for native code alone: see ``call/waiting.pxd``."""
