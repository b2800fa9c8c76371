"""How the values of each kind become commands again, one module a kind; importing the package registers them all."""

from pyredis.persistence.saving import hash_saver, list_saver, set_saver, sorted_set_saver, stream_saver

__all__ = ["hash_saver", "list_saver", "set_saver", "sorted_set_saver", "stream_saver"]
