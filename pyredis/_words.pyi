"""The words of inline requests, for native code alone: see ``_words.pxd``."""
