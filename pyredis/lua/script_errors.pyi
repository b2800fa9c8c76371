"""Errors as scripts see them: tables with a field ``err``, and where they were raised."""
