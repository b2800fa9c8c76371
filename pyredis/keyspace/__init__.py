"""The databases: entries, expiry, access, and what is done to whole databases."""
