"""The queues of clients that wait, for native code only: see ``call/waiting.pxd``."""
