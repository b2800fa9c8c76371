"""Errors as scripts see them: tables with a field ``err`` and the place where they were raised."""
