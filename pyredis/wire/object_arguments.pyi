"""Requests encoded from Python objects, for native code only: see ``wire/object_arguments.pxd``."""
