"""The log of changes: its ring, and the file that it is written to."""
