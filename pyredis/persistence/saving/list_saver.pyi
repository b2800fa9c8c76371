"""Lists as commands; nothing here is for Python."""
