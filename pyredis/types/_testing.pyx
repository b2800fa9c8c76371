"""Python handles on the native structures, for the tests and nothing else.

Each class owns one value and passes bytes and numbers through; none adds behaviour of its own.
"""

from libc.stdint cimport int64_t, uint8_t

from pyredis._base cimport Slice, slice_of
from pyredis.types.listpack cimport (
    PACK_HEADER,
    Pack,
    PackCode,
    PackItem,
    pack_append,
    pack_check,
    pack_code,
    pack_code_number,
    pack_copy,
    pack_cost,
    pack_count,
    pack_delete,
    pack_end,
    pack_find,
    pack_free,
    pack_get,
    pack_insert,
    pack_is_backward,
    pack_new,
    pack_next,
    pack_owner,
    pack_previous,
    pack_replace,
    pack_seek,
    pack_set_owner,
    pack_size,
    pack_text,
)


cdef Slice slice_from(bytes text):
    return slice_of(text, len(text))


cdef PackCode code_from(object value):
    cdef PackCode code
    if isinstance(value, int):
        pack_code_number(&code, value)
    else:
        pack_code(&code, slice_from(value))
    return code


def check_pack(bytes image, size_t stride=1):
    """Whether these bytes are a sound pack."""
    return pack_check(image, len(image), stride)


cdef class PackedList:
    """One pack. Elements go in as bytes or int; positions are indexes from 0."""

    cdef Pack *pack

    def __cinit__(self, bint backward=False, unsigned owner=0):
        self.pack = pack_new(owner, backward)

    def __dealloc__(self):
        pack_free(self.pack)

    cdef size_t at(self, int64_t index) except 0:
        cdef size_t position = pack_seek(self.pack, index)
        if position == 0:
            raise IndexError(index)
        return position

    def __len__(self):
        return pack_count(self.pack)

    def __bytes__(self):
        return (<const char *> self.pack)[:pack_size(self.pack)]

    def __iter__(self):
        cdef size_t at = PACK_HEADER
        while at < pack_end(self.pack):
            yield self.get(at)
            at = pack_next(self.pack, at)

    def __reversed__(self):
        cdef size_t at = pack_previous(self.pack, pack_end(self.pack))
        while at:
            yield self.get(at)
            at = pack_previous(self.pack, at)

    def __getitem__(self, int64_t index):
        return self.get(self.at(index))

    cdef object get(self, size_t at):
        cdef PackItem item = pack_get(self.pack, at)
        return item.number if item.text == NULL else item.text[:item.size]

    def text(self, int64_t index):
        cdef char scratch[20]
        cdef Slice text = pack_text(self.pack, self.at(index), scratch)
        return text.data[:text.size]

    def has(self, int64_t index):
        return pack_seek(self.pack, index) != 0

    @property
    def owner(self):
        return pack_owner(self.pack)

    @owner.setter
    def owner(self, unsigned owner):
        pack_set_owner(self.pack, owner)

    def is_backward(self):
        return pack_is_backward(self.pack)

    def copy(self):
        cdef PackedList other = PackedList()
        pack_free(other.pack)
        other.pack = pack_copy(self.pack)
        return other

    def append(self, *values):
        self.insert_at(0, values)

    def insert(self, int64_t index, *values):
        self.insert_at(self.at(index), values)

    cdef void insert_at(self, size_t at, tuple values) except *:
        """``at`` 0 appends."""
        cdef PackCode codes[8]
        cdef size_t before = pack_size(self.pack), cost
        for i, value in enumerate(values):
            codes[i] = code_from(value)
        cost = pack_cost(self.pack, codes, len(values))
        if at:
            pack_insert(&self.pack, at, codes, len(values))
        else:
            pack_append(&self.pack, codes, len(values))
        assert pack_size(self.pack) == before + cost

    def replace(self, int64_t index, value):
        cdef PackCode code = code_from(value)
        pack_replace(&self.pack, self.at(index), &code)

    def delete(self, int64_t index, size_t count=1):
        pack_delete(&self.pack, self.at(index), count)

    def find(self, value, int64_t start=0, size_t stride=1):
        """The index, or None."""
        cdef PackCode code = code_from(value)
        cdef size_t found, at = self.at(start)
        found = pack_find(self.pack, at, &code, stride)
        if not found:
            return None
        while at < found:
            at = pack_next(self.pack, at)
            start += 1
        return start
