"""Keyspace notifications, for native code alone: see ``call/notifications.pxd``."""
