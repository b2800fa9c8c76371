"""Batches of requests, for native code alone: see ``dispatch/batch.pxd``."""
