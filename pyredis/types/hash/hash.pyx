"""The hash in its three forms; ``hash.pxd`` describes them and has the contracts.

Invariants between calls: in a pack, all fields differ and the number of elements is a multiple of the form's stride;
the triples of an expiring pack are in order of expiry, so the due ones come first.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy

from pyredis.ground.base cimport Slice, add_overflows, format_int64, likely, parse_int64, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_footprint, mem_free
from pyredis.types.hash.hash_fields cimport (
    Field,
    Fields,
    field_expiry,
    field_value,
    fields_add,
    fields_change,
    fields_copy,
    fields_find,
    fields_free_some,
    fields_memory,
    fields_new,
    fields_remove,
    fields_sound,
)
from pyredis.types.hash.hash_forms cimport (
    HASH_PACKED,
    HASH_PACKED_EXPIRING,
    HASH_TABLE,
    expiry_at,
    fields_of,
    form_of,
    is_due,
    number_at,
    pack_of,
    read_field,
    read_pack,
    skip,
    stride_of,
    text_at,
)
from pyredis.types.packs.listpack cimport (
    PACK_HEADER,
    PACK_OWNER_SHIFT,
    PACK_SIZE_LIMIT,
    Pack,
    PackCode,
    PackItem,
    pack_append,
    pack_check,
    pack_code,
    pack_code_number,
    pack_copy,
    pack_count,
    pack_delete,
    pack_end,
    pack_find,
    pack_free,
    pack_get,
    pack_insert,
    pack_is_backward,
    pack_new,
    pack_next_forward,
    pack_replace,
    pack_size,
)
from pyredis.types.packs.pack_distinct cimport pack_distinct
from pyredis.types.table.guard cimport Guard
from pyredis.types.table.hashtable cimport (
    Table,
    hash_of,
    table_prefetch_bucket,
    table_prefetch_element,
    table_reserve,
    table_size,
)

cdef enum:
    # Bytes that the heads and the expiry of a field may add to its name and value in a pack.
    PACK_FIELD_OVERHEAD = 32
    # The most fields, and bytes of them, that are put into an empty pack with one allocation.
    PAIRS_AT_ONCE = 32
    SIZE_AT_ONCE = 1 << 20


cdef inline Field **find_field(Hash *hash, Slice field) noexcept nogil:
    return fields_find(fields_of(hash), field, hash_of(field))


cdef inline size_t find_packed(const Hash *hash, const PackCode *code) noexcept nogil:
    return pack_find(<const Pack *> hash, PACK_HEADER, code, stride_of(hash))


# ---- the hash ----

cdef Hash *hash_new() noexcept nogil:
    return <Hash *> pack_new(HASH_PACKED, False)


cdef void *hash_copy(const void *hash) noexcept nogil:
    if form_of(hash) == HASH_TABLE:
        return fields_copy(fields_of(hash))
    return pack_copy(<const Pack *> hash)


cdef void hash_free(Hash *hash) noexcept nogil:
    hash_free_some(hash, <size_t> -1)


cdef bint hash_free_some(void *hash, size_t budget) noexcept nogil:
    if form_of(hash) == HASH_TABLE:
        return fields_free_some(fields_of(hash), budget)
    pack_free(<Pack *> hash)
    return True


cdef void convert_to_table(Hash **hash) noexcept nogil:
    cdef Fields *fields = fields_new(HASH_TABLE << PACK_OWNER_SHIFT)
    cdef size_t at = PACK_HEADER
    cdef HashEntry entry
    table_reserve(&fields.base.table, hash_size(hash[0]))
    while at < pack_end(<Pack *> hash[0]):
        at = read_pack(hash[0], at, &entry)
        fields_add(fields, entry.field, hash_of(entry.field), entry.value, entry.expiry)
    pack_free(<Pack *> hash[0])
    hash[0] = <Hash *> fields


cdef void convert_to_triples(Hash **hash) noexcept nogil:
    cdef Pack *pack = pack_new(HASH_PACKED_EXPIRING, False)
    cdef size_t at = PACK_HEADER
    cdef HashEntry entry
    cdef PackCode codes[3]
    pack_code_number(&codes[2], 0)
    while at < pack_end(<Pack *> hash[0]):
        at = read_pack(hash[0], at, &entry)
        pack_code(&codes[0], entry.field)
        pack_code(&codes[1], entry.value)
        pack_append(&pack, codes, 3)
    pack_free(<Pack *> hash[0])
    hash[0] = <Hash *> pack


cdef void hash_reserve(Hash **hash, size_t count, const HashLimits *limits) noexcept nogil:
    if count <= limits.entries:
        return
    if form_of(hash[0]) != HASH_TABLE:
        convert_to_table(hash)
    table_reserve(&fields_of(hash[0]).base.table, hash_size(hash[0]) + count)


cdef int hash_form(const Hash *hash) noexcept nogil:
    return form_of(hash)


cdef const char *hash_encoding(const void *hash) noexcept nogil:
    if form_of(hash) == HASH_TABLE:
        return "hashtable"
    return "listpack" if form_of(hash) == HASH_PACKED else "listpackex"


cdef size_t hash_memory(const void *hash) noexcept nogil:
    if form_of(hash) == HASH_TABLE:
        return fields_memory(fields_of(hash))
    return mem_footprint(pack_size(<const Pack *> hash))


cdef size_t hash_size(const void *hash) noexcept nogil:
    if form_of(hash) == HASH_TABLE:
        return table_size(&fields_of(hash).base.table)
    return pack_count(<const Pack *> hash) // stride_of(hash)


cdef bint check_expiries(const Pack *pack) noexcept nogil:
    """Returns whether every third element is an expiry, in ascending order."""
    cdef size_t at = PACK_HEADER
    cdef uint64_t rank, before = 0
    cdef PackItem item
    while at < pack_end(pack):
        at = skip(pack, at, 2)
        item = pack_get(pack, at)
        # No expiry, which is 0, gets the highest rank and so must come last.
        rank = <uint64_t> item.number - 1
        if item.text != NULL or item.number < 0 or rank < before:
            return False
        before = rank
        at = pack_next_forward(pack, at)
    return True


cdef bint hash_check(const uint8_t *bytes, size_t size) noexcept nogil:
    if size < PACK_HEADER or form_of(bytes) > HASH_PACKED_EXPIRING:
        return False
    if not pack_check(bytes, size, stride_of(bytes)) or pack_is_backward(bytes):
        return False
    if form_of(bytes) == HASH_PACKED_EXPIRING and not check_expiries(bytes):
        return False
    return pack_distinct(bytes, stride_of(bytes))


cdef bint hash_sound(Hash *hash) noexcept nogil:
    """Returns whether the invariants of this module hold; for tests."""
    if form_of(hash) == HASH_TABLE:
        return fields_sound(fields_of(hash))
    return hash_check(<const uint8_t *> hash, pack_size(<Pack *> hash))


cdef Guard **hash_guard(void *hash) noexcept nogil:
    return &fields_of(hash).base.guard if form_of(hash) == HASH_TABLE else NULL


cdef Table *hash_table(void *hash) noexcept nogil:
    return &fields_of(hash).base.table if form_of(hash) == HASH_TABLE else NULL


# ---- one field ----

cdef bint get_packed(Hash *hash, Slice field, int64_t now, HashEntry *out) noexcept nogil:
    cdef const Pack *pack = <const Pack *> hash
    cdef PackCode code
    cdef size_t at
    pack_code(&code, field)
    at = find_packed(hash, &code)
    if at == 0:
        return False
    at = pack_next_forward(pack, at)
    out.value = text_at(pack, at, out.value_digits)
    out.expiry = 0
    if form_of(hash) == HASH_PACKED_EXPIRING:
        out.expiry = number_at(pack, pack_next_forward(pack, at))
    return not is_due(out.expiry, now)


cdef bint hash_get(Hash *hash, Slice field, int64_t now, HashEntry *out) noexcept nogil:
    cdef Field **slot
    if form_of(hash) != HASH_TABLE:
        return get_packed(hash, field, now, out)
    slot = find_field(hash, field)
    if slot == NULL:
        return False
    out.value = field_value(slot[0])
    out.expiry = field_expiry(slot[0])
    return not is_due(out.expiry, now)


cdef bint set_in_table(Hash *hash, Slice field, Slice value, bint keep_expiry) noexcept nogil:
    cdef uint64_t key = hash_of(field)
    cdef Field **slot = fields_find(fields_of(hash), field, key)
    if slot == NULL:
        fields_add(fields_of(hash), field, key, value, 0)
        return True
    fields_change(fields_of(hash), slot, value, field_expiry(slot[0]) if keep_expiry else 0)
    return False


cdef size_t place_for(const Hash *hash, int64_t expiry) noexcept nogil:
    """Returns the position among the triples for a field with this expiry: after all equal ones."""
    cdef const Pack *pack = <const Pack *> hash
    cdef size_t at = PACK_HEADER
    cdef int64_t other
    if expiry == 0:
        return pack_end(pack)
    while at < pack_end(pack):
        other = expiry_at(hash, at)
        if other == 0 or other > expiry:
            break
        at = skip(pack, at, 3)
    return at


cdef void hash_allow_expiry(Hash **hash) noexcept nogil:
    if form_of(hash[0]) == HASH_PACKED:
        convert_to_triples(hash)


cdef void move_triple(
        Hash **hash, size_t at, const PackCode *field, const PackCode *value, int64_t expiry) noexcept nogil:
    """Removes the triple at ``at`` and inserts this one where its expiry belongs. No code may point into the pack."""
    cdef PackCode codes[3]
    pack_delete(pack_of(hash), at, 3)
    codes[0] = field[0]
    codes[1] = value[0]
    pack_code_number(&codes[2], expiry)
    pack_insert(pack_of(hash), place_for(hash[0], expiry), codes, 3)


cdef void add_packed(Hash **hash, const PackCode *field, const PackCode *value) noexcept nogil:
    cdef PackCode codes[3]
    codes[0] = field[0]
    codes[1] = value[0]
    if form_of(hash[0]) == HASH_PACKED_EXPIRING:
        pack_code_number(&codes[2], 0)
    pack_append(pack_of(hash), codes, stride_of(hash[0]))


cdef bint set_packed(Hash **hash, Slice field, Slice value, const HashLimits *limits, bint keep_expiry) noexcept nogil:
    cdef PackCode codes[2]
    cdef size_t at
    pack_code(&codes[0], field)
    pack_code(&codes[1], value)
    at = find_packed(hash[0], &codes[0])
    if at == 0:
        add_packed(hash, &codes[0], &codes[1])
        if hash_size(hash[0]) > limits.entries:
            convert_to_table(hash)
        return True
    if keep_expiry or expiry_at(hash[0], at) == 0:
        pack_replace(pack_of(hash), pack_next_forward(<Pack *> hash[0], at), &codes[1])
    else:
        move_triple(hash, at, &codes[0], &codes[1], 0)
    return False


cdef inline bint fits_pack(const Hash *hash, Slice field, Slice value, const HashLimits *limits) noexcept nogil:
    if field.size > limits.value or value.size > limits.value:
        return False
    return pack_size(<const Pack *> hash) + field.size + value.size < PACK_SIZE_LIMIT - PACK_FIELD_OVERHEAD


cdef bint hash_set(Hash **hash, Slice field, Slice value, const HashLimits *limits, bint keep_expiry) noexcept nogil:
    if form_of(hash[0]) != HASH_TABLE:
        if likely(fits_pack(hash[0], field, value, limits)):
            return set_packed(hash, field, value, limits, keep_expiry)
        convert_to_table(hash)
    return set_in_table(hash[0], field, value, keep_expiry)


cdef bint codes_differ(const PackCode *a, const PackCode *b) noexcept nogil:
    return (a.head_size != b.head_size or memcmp(a.head, b.head, a.head_size) != 0
            or (a.text_size > 0 and memcmp(a.text, b.text, a.text_size) != 0))


cdef bint set_at_once(Hash **hash, const Slice *pairs, size_t count, const HashLimits *limits) noexcept nogil:
    """Fills an empty pack with one allocation; returns false, with nothing changed, if that is not possible."""
    cdef PackCode codes[2 * PAIRS_AT_ONCE]
    cdef size_t i, j, size = 0
    if form_of(hash[0]) == HASH_TABLE or hash_size(hash[0]) > 0 or count > min(limits.entries, <size_t> PAIRS_AT_ONCE):
        return False
    for i in range(count):
        size += pairs[2 * i].size + pairs[2 * i + 1].size
        if size > SIZE_AT_ONCE or not fits_pack(hash[0], pairs[2 * i], pairs[2 * i + 1], limits):
            return False
        pack_code(&codes[2 * i], pairs[2 * i])
        pack_code(&codes[2 * i + 1], pairs[2 * i + 1])
        for j in range(i):
            if not codes_differ(&codes[2 * i], &codes[2 * j]):
                return False
    pack_append(pack_of(hash), codes, 2 * count)
    return True


cdef size_t hash_set_pairs(Hash **hash, const Slice *pairs, size_t count, const HashLimits *limits) noexcept nogil:
    cdef size_t i, created = 0
    if count > 1 and set_at_once(hash, pairs, count, limits):
        return count
    hash_reserve(hash, count, limits)
    for i in range(count):
        created += hash_set(hash, pairs[2 * i], pairs[2 * i + 1], limits, False)
    return created


cdef bint hash_delete(Hash **hash, Slice field) noexcept nogil:
    cdef PackCode code
    cdef size_t at
    if form_of(hash[0]) == HASH_TABLE:
        return fields_remove(fields_of(hash[0]), field, hash_of(field))
    pack_code(&code, field)
    at = find_packed(hash[0], &code)
    if at == 0:
        return False
    pack_delete(pack_of(hash), at, stride_of(hash[0]))
    return True


cdef HashNumber increment_packed(Pack **pack, size_t at, int64_t delta, int64_t *out) noexcept nogil:
    """Adds ``delta`` to the value at position ``at``."""
    cdef PackItem item = pack_get(pack[0], at)
    cdef PackCode code
    if item.text != NULL:
        return HASH_NUMBER_INVALID
    if add_overflows(item.number, delta, out):
        return HASH_NUMBER_OVERFLOW
    pack_code_number(&code, out[0])
    pack_replace(pack, at, &code)
    return HASH_NUMBER_OK


cdef HashNumber increment_in_table(Fields *fields, Field **slot, int64_t delta, int64_t *out) noexcept nogil:
    cdef char digits[20]
    cdef int64_t number
    cdef Slice value = field_value(slot[0])
    if not parse_int64(value.data, value.size, &number):
        return HASH_NUMBER_INVALID
    if add_overflows(number, delta, out):
        return HASH_NUMBER_OVERFLOW
    fields_change(fields, slot, slice_of(digits, format_int64(digits, out[0])), field_expiry(slot[0]))
    return HASH_NUMBER_OK


cdef HashNumber hash_increment(
        Hash **hash, Slice field, int64_t delta, int64_t now, const HashLimits *limits, int64_t *out) noexcept nogil:
    cdef char digits[20]
    cdef Field **slot
    cdef PackCode code
    cdef size_t at
    if form_of(hash[0]) == HASH_TABLE:
        slot = find_field(hash[0], field)
        if slot != NULL and not is_due(field_expiry(slot[0]), now):
            return increment_in_table(fields_of(hash[0]), slot, delta, out)
    else:
        pack_code(&code, field)
        at = find_packed(hash[0], &code)
        if at and not is_due(expiry_at(hash[0], at), now):
            return increment_packed(pack_of(hash), pack_next_forward(<Pack *> hash[0], at), delta, out)
    out[0] = delta
    hash_set(hash, field, slice_of(digits, format_int64(digits, delta)), limits, False)
    return HASH_NUMBER_OK


# ---- expiry ----

cdef void set_expiry_packed(Hash **hash, size_t at, int64_t expiry) noexcept nogil:
    """Moves the triple to the place for its new expiry; its texts are copied aside in the meantime."""
    cdef Pack *pack = <Pack *> hash[0]
    cdef size_t size = skip(pack, at, 2) - at
    cdef uint8_t *aside = <uint8_t *> mem_alloc(size)
    cdef char field_digits[20]
    cdef char value_digits[20]
    cdef PackCode codes[2]
    memcpy(aside, pack + at, size)
    pack_code(&codes[0], text_at(aside, 0, field_digits))
    pack_code(&codes[1], text_at(aside, pack_next_forward(aside, 0), value_digits))
    move_triple(hash, at, &codes[0], &codes[1], expiry)
    mem_free(aside, size)


cdef bint hash_set_expiry(Hash **hash, Slice field, int64_t expiry) noexcept nogil:
    cdef PackCode code
    cdef Field **slot
    cdef size_t at
    if form_of(hash[0]) == HASH_TABLE:
        slot = find_field(hash[0], field)
        if slot != NULL:
            fields_change(fields_of(hash[0]), slot, field_value(slot[0]), expiry)
        return slot != NULL
    pack_code(&code, field)
    at = find_packed(hash[0], &code)
    if at == 0 or expiry_at(hash[0], at) == expiry:
        return at != 0
    if form_of(hash[0]) == HASH_PACKED:
        convert_to_triples(hash)
        at = find_packed(hash[0], &code)
    set_expiry_packed(hash, at, expiry)
    return True


cdef int64_t hash_next_expiry(const Hash *hash) noexcept nogil:
    cdef const Fields *fields
    if form_of(hash) == HASH_TABLE:
        fields = fields_of(hash)
        return field_expiry(fields.heap[0]) if fields.expiring else 0
    if pack_end(<const Pack *> hash) == PACK_HEADER:
        return 0
    return expiry_at(hash, PACK_HEADER)


cdef size_t expire_packed(Hash **hash, int64_t now, size_t budget, HashVisitor visit, void *context) noexcept nogil:
    cdef size_t at = PACK_HEADER, count = 0
    cdef HashEntry entry
    while count < budget and at < pack_end(<Pack *> hash[0]):
        at = read_pack(hash[0], at, &entry)
        if not is_due(entry.expiry, now):
            break
        visit(context, &entry)
        count += 1
    if count:
        pack_delete(pack_of(hash), PACK_HEADER, 3 * count)
    return count


cdef size_t expire_in_table(
        Fields *fields, int64_t now, size_t budget, HashVisitor visit, void *context) noexcept nogil:
    cdef size_t count = 0
    cdef HashEntry entry
    while count < budget and fields.expiring and is_due(field_expiry(fields.heap[0]), now):
        read_field(fields.heap[0], &entry)
        visit(context, &entry)
        fields_remove(fields, entry.field, hash_of(entry.field))
        count += 1
    return count


cdef size_t hash_expire_due(Hash **hash, int64_t now, size_t budget, HashVisitor visit, void *context) noexcept nogil:
    if form_of(hash[0]) == HASH_TABLE:
        return expire_in_table(fields_of(hash[0]), now, budget, visit, context)
    return expire_packed(hash, now, budget, visit, context)


# ---- prefetch hints ----

cdef uint64_t hash_prefetch_place(const void *hash, Slice field) noexcept nogil:
    cdef uint64_t key
    if form_of(hash) != HASH_TABLE:
        return 0
    key = hash_of(field)
    table_prefetch_bucket(&fields_of(hash).base.table, key)
    return key


cdef void hash_prefetch_field(const void *hash, uint64_t key) noexcept nogil:
    table_prefetch_element(&fields_of(hash).base.table, key)
