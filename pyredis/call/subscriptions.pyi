"""The subscriptions of clients, for native code only: see ``call/subscriptions.pxd``."""
