"""Batches of requests, for native code only: see ``dispatch/batch.pxd``."""
