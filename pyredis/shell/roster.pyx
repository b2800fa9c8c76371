"""The clients of a server, oldest first: a linked list that its members carry in themselves.

There may be tens of thousands of clients, most of them idle, so each byte counts. They are looked up by id only when an
operator asks, and that may take a while.
"""

from collections.abc import Mapping

from libc.stdint cimport int64_t

from pyredis.call.client_state cimport ClientState


cdef class Listed(ClientState):
    """A client that can be listed."""


cdef class ClientList:
    """A read-only mapping of ids to the listed clients. A lookup takes time proportional to their number."""

    cdef void add(self, Listed item) noexcept:
        item.older = self.newest
        item.newer = NULL
        if self.newest != NULL:
            (<Listed> self.newest).newer = <void *> item
        else:
            self.oldest = <void *> item
        self.newest = <void *> item
        self.count += 1

    cdef void remove(self, Listed item) noexcept:
        if item.older == NULL and self.oldest != <void *> item:
            return
        if item.older != NULL:
            (<Listed> item.older).newer = item.newer
        else:
            self.oldest = item.newer
        if item.newer != NULL:
            (<Listed> item.newer).older = item.older
        else:
            self.newest = item.older
        item.older = item.newer = NULL
        self.count -= 1

    cdef Listed find(self, int64_t identity):
        cdef void *at = self.oldest
        while at != NULL:
            if (<Listed> at).client.id == identity:
                return <Listed> at
            at = (<Listed> at).newer
        return None

    def __len__(self):
        return self.count

    def __iter__(self):
        cdef Listed item
        return iter([item.client.id for item in self.values()])

    def __contains__(self, int64_t identity):
        return self.find(identity) is not None

    def __getitem__(self, int64_t identity):
        cdef Listed found = self.find(identity)
        if found is None:
            raise KeyError(identity)
        return found

    def get(self, int64_t identity, default=None):
        cdef Listed found = self.find(identity)
        return default if found is None else found

    def values(self):
        """Returns a list, which does not change when clients connect or disconnect."""
        cdef list found = []
        cdef void *at = self.oldest
        while at != NULL:
            found.append(<Listed> at)
            at = (<Listed> at).newer
        return found


Mapping.register(ClientList)
