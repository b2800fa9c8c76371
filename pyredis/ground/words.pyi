"""The words of inline requests, for native code alone: see ``ground/words.pxd``."""
