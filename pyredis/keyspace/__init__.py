"""The databases: entries, expiry, access, and operations on entire databases."""
