"""How the values of each kind become commands again, one module a kind; importing the package registers them all."""

from pyredis.saving import hashes, lists, sets, sorted_sets, streams

__all__ = ["hashes", "lists", "sets", "sorted_sets", "streams"]
