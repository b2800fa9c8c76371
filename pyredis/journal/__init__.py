"""The log of what has changed: its ring, and the file that it is written to."""
