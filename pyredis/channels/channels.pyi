"""The registry of subscriptions, for native code only: see ``channels/channels.pxd``."""
