"""What clients are subscribed to, for native code alone: see ``call/subscriptions.pxd``."""
