"""Keyspace notifications, for native code only: see ``call/notifications.pxd``."""
