"""Libraries that are opened at run time; it has no interface for Python code."""
