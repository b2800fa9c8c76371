"""The commands that streams are made of; nothing here is for Python."""
