"""Requests made of Python objects: for native code alone."""
