"""The registry of subscriptions, for native code alone: see ``channels/channels.pxd``."""
