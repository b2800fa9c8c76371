"""The large form of a hash; ``hash_fields.pxd`` describes the fields and the heap."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove

from pyredis.ground.base cimport Slice, load_u32, store_u32, store_u64
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free, mem_realloc
from pyredis.types.table.guard cimport is_guarded
from pyredis.types.table.hashtable cimport (
    TableIterator,
    TableType,
    hash_of,
    table_find,
    table_insert,
    table_iterate,
    table_iterate_end,
    table_next,
    table_reserve,
    table_size,
)
from pyredis.types.table.member_table cimport (
    before_change,
    free_member,
    member_table_free_some,
    member_table_memory,
    member_table_new,
    put_member,
    take_member,
)

cdef enum:
    SHORT = 255
    HEAP_MIN = 4

cdef TableType field_type


# ---- one field ----

cdef inline unsigned shape_of(size_t name, size_t value, int64_t expiry) noexcept nogil:
    return (WIDE_NAME if name > SHORT else 0) | (WIDE_VALUE if value > SHORT else 0) | (EXPIRES if expiry else 0)


cdef inline size_t field_size(const Field *field) noexcept nogil:
    return name_offset(field[0]) + name_size(field) + field_value(field).size


cdef inline Field *put_size(Field *at, size_t size, bint wide) noexcept nogil:
    if wide:
        store_u32(at, <uint32_t> size)
        return at + 4
    at[0] = <uint8_t> size
    return at + 1


cdef inline uint32_t heap_place(const Field *field) noexcept nogil:
    return load_u32(field + name_offset(field[0]) - 4)


cdef inline void set_heap_place(Field *field, size_t place) noexcept nogil:
    store_u32(field + name_offset(field[0]) - 4, <uint32_t> place)


cdef Field *field_new(Slice name, Slice value, int64_t expiry) noexcept nogil:
    cdef unsigned shape = shape_of(name.size, value.size, expiry)
    cdef Field *field = <Field *> mem_alloc(name_offset(shape) + name.size + value.size)
    cdef Field *at = field + 1
    field[0] = <uint8_t> shape
    at = put_size(at, name.size, (shape & WIDE_NAME) != 0)
    at = put_size(at, value.size, (shape & WIDE_VALUE) != 0)
    if expiry:
        store_u64(at, <uint64_t> expiry)
        at += 12
    if name.size > 0:
        memcpy(at, name.data, name.size)
    if value.size > 0:
        memcpy(at + name.size, value.data, value.size)
    return field


cdef void type_key(const void *element, Slice *out) noexcept nogil:
    out[0] = field_name(<const Field *> element)


cdef void type_destroy(void *element) noexcept nogil:
    mem_free(element, field_size(<const Field *> element))


field_type.key = type_key
field_type.destroy = type_destroy


# ---- the heap ----

cdef inline void heap_put(Fields *fields, size_t place, Field *field) noexcept nogil:
    fields.heap[place] = field
    set_heap_place(field, place)


cdef void heap_rise(Fields *fields, size_t place, Field *field) noexcept nogil:
    cdef size_t parent
    while place > 0:
        parent = (place - 1) // 2
        if field_expiry(fields.heap[parent]) <= field_expiry(field):
            break
        heap_put(fields, place, fields.heap[parent])
        place = parent
    heap_put(fields, place, field)


cdef void heap_sink(Fields *fields, size_t place, Field *field) noexcept nogil:
    cdef size_t child
    while 2 * place + 1 < fields.expiring:
        child = 2 * place + 1
        if child + 1 < fields.expiring and field_expiry(fields.heap[child + 1]) < field_expiry(fields.heap[child]):
            child += 1
        if field_expiry(field) <= field_expiry(fields.heap[child]):
            break
        heap_put(fields, place, fields.heap[child])
        place = child
    heap_put(fields, place, field)


cdef void heap_fill(Fields *fields, size_t place, Field *field) noexcept nogil:
    """Moves the field from the free index ``place`` up or down to where it belongs."""
    if place > 0 and field_expiry(fields.heap[(place - 1) // 2]) > field_expiry(field):
        heap_rise(fields, place, field)
    else:
        heap_sink(fields, place, field)


cdef void heap_resize(Fields *fields, size_t capacity) noexcept nogil:
    fields.heap = <Field **> mem_realloc(
        fields.heap, fields.heap_capacity * sizeof(Field *), capacity * sizeof(Field *))
    fields.heap_capacity = capacity


cdef void heap_add(Fields *fields, Field *field) noexcept nogil:
    if fields.expiring == fields.heap_capacity:
        heap_resize(fields, max(<size_t> HEAP_MIN, 2 * fields.heap_capacity))
    fields.expiring += 1
    heap_rise(fields, fields.expiring - 1, field)


cdef void heap_drop(Fields *fields, size_t place) noexcept nogil:
    cdef Field *last
    fields.expiring -= 1
    if place < fields.expiring:
        last = fields.heap[fields.expiring]
        heap_fill(fields, place, last)
    if fields.heap_capacity > HEAP_MIN and fields.expiring < fields.heap_capacity // 4:
        heap_resize(fields, fields.heap_capacity // 2)


cdef size_t due_below(const Fields *fields, size_t place, int64_t now) noexcept nogil:
    if place >= fields.expiring or field_expiry(fields.heap[place]) >= now:
        return 0
    return 1 + due_below(fields, 2 * place + 1, now) + due_below(fields, 2 * place + 2, now)


cdef size_t fields_due(const Fields *fields, int64_t now) noexcept nogil:
    return due_below(fields, 0, now)


# ---- the table and the heap ----

cdef Fields *fields_new(uint16_t meta) noexcept nogil:
    return <Fields *> member_table_new(sizeof(Fields), meta, &field_type)


cdef bint fields_free_some(Fields *fields, size_t budget) noexcept nogil:
    cdef Field **heap = fields.heap
    cdef size_t size = fields.heap_capacity * sizeof(Field *)
    if not member_table_free_some(&fields.base, budget):
        return False
    mem_free(heap, size)
    return True


cdef Field *field_copy(const Field *field) noexcept nogil:
    cdef Field *copy = <Field *> mem_alloc(field_size(field))
    memcpy(copy, field, field_size(field))
    return copy


cdef Fields *fields_copy(Fields *fields) noexcept nogil:
    cdef Fields *copy = fields_new(fields.base.meta)
    cdef TableIterator walk
    cdef Field *field
    cdef Slice name
    table_reserve(&copy.base.table, table_size(&fields.base.table))
    if fields.expiring:
        heap_resize(copy, fields.expiring)
    table_iterate(&fields.base.table, &walk)
    field = <Field *> table_next(&walk)
    while field != NULL:
        field = field_copy(field)
        name = field_name(field)
        table_insert(&copy.base.table, field, hash_of(name))
        if field_expiry(field):
            copy.heap[heap_place(field)] = field
        field = <Field *> table_next(&walk)
    table_iterate_end(&walk)
    copy.expiring = fields.expiring
    copy.base.footprint = fields.base.footprint
    return copy


cdef size_t fields_memory(const Fields *fields) noexcept nogil:
    cdef size_t heap = mem_footprint(fields.heap_capacity * sizeof(Field *)) if fields.heap_capacity else 0
    return member_table_memory(&fields.base) + heap


# ---- fields in the table ----

cdef Field **fields_find(Fields *fields, Slice name, uint64_t hash) noexcept nogil:
    return <Field **> table_find(&fields.base.table, name, hash)


cdef void fields_add(Fields *fields, Slice name, uint64_t hash, Slice value, int64_t expiry) noexcept nogil:
    cdef Field *field
    before_change(&fields.base, name, hash, NULL)
    field = field_new(name, value, expiry)
    put_member(&fields.base, hash, field, field_size(field))
    if expiry:
        heap_add(fields, field)


cdef void heap_exchange(Fields *fields, Field *old, Field *field) noexcept nogil:
    if field_expiry(old) and field_expiry(field):
        heap_fill(fields, heap_place(old), field)
    elif field_expiry(old):
        heap_drop(fields, heap_place(old))
    elif field_expiry(field):
        heap_add(fields, field)


cdef void fields_change(Fields *fields, Field **slot, Slice value, int64_t expiry) noexcept nogil:
    cdef Field *old = slot[0]
    cdef Slice before = field_value(old)
    if is_guarded(fields.base.guard):
        before_change(&fields.base, field_name(old), hash_of(field_name(old)), old)
    if value.size == before.size and expiry == field_expiry(old):
        if value.size > 0:
            memmove(<char *> before.data, value.data, value.size)
        return
    slot[0] = field_new(field_name(old), value, expiry)
    heap_exchange(fields, old, slot[0])
    fields.base.footprint += mem_footprint(field_size(slot[0]))
    free_member(&fields.base, old, field_size(old))


cdef bint fields_remove(Fields *fields, Slice name, uint64_t hash) noexcept nogil:
    cdef Field *field = <Field *> take_member(&fields.base, name, hash)
    if field == NULL:
        return False
    if field_expiry(field):
        heap_drop(fields, heap_place(field))
    free_member(&fields.base, field, field_size(field))
    return True


cdef bint heap_sound(const Fields *fields) noexcept nogil:
    cdef size_t place
    for place in range(fields.expiring):
        if heap_place(fields.heap[place]) != place:
            return False
        if place and field_expiry(fields.heap[(place - 1) // 2]) > field_expiry(fields.heap[place]):
            return False
    return True


cdef bint fields_sound(Fields *fields) noexcept nogil:
    cdef size_t expiring = 0, footprint = 0
    cdef bint placed = True
    cdef TableIterator walk
    cdef Field *field
    table_iterate(&fields.base.table, &walk)
    field = <Field *> table_next(&walk)
    while field != NULL:
        footprint += mem_footprint(field_size(field))
        if field_expiry(field):
            expiring += 1
            placed = placed and heap_place(field) < fields.expiring and fields.heap[heap_place(field)] == field
        field = <Field *> table_next(&walk)
    table_iterate_end(&walk)
    return placed and expiring == fields.expiring and footprint == fields.base.footprint and heap_sound(fields)
