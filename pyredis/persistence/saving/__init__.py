"""How the values of each kind are saved, one module per kind; importing the package registers all savers."""

from pyredis.persistence.saving import hash_saver, list_saver, set_saver, sorted_set_saver, stream_saver

__all__ = ["hash_saver", "list_saver", "set_saver", "sorted_set_saver", "stream_saver"]
