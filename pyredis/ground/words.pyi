"""The words of inline requests, for native code only: see ``ground/words.pxd``."""
