"""The methods with the types of a pipeline: each returns the pipeline."""

from pyredis.embedded.api.methods import Methods as QueuedMethods

__all__ = ["QueuedMethods"]
