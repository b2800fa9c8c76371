"""The buffer of a connection, its blocks for large bulks, and the arguments that point into both."""

from libc.string cimport memcpy, memmove

from pyredis._resp cimport (
    Arguments,
    Parser,
    arguments_free,
    arguments_grow,
    parser_take,
    parser_under_way,
    parser_wants,
)
from pyredis.ground.base cimport slice_of
from pyredis.ground.blob cimport BLOB_SHARED, Blob, blob_data, blob_grow, blob_new, blob_release
from pyredis.ground.memory cimport mem_alloc, mem_free, mem_grow, mem_realloc, mem_zalloc

cdef enum:
    SLACK = READ_SIZE // 4
    # Most bytes of a large bulk in one read, so that others have their turn.
    LARGE_READ = 1 << 20
    # After a large bulk, the next read should get little more than the beginning of the next request.
    HEAD_READ = 512
    # A block's room, as a multiple of the bytes of its bulk that have arrived.
    AHEAD = 8
    # Most room that a client gets because its last bulk was large.
    EARNED = 1 << 20
    # A buffer larger than this shrinks when little of it is in use.
    KEEP = 1 << 20
    # A block has room for the CRLF after its bulk, and for a spare byte: so the read that completes the bulk does not
    # fill the buffer, after which the loop would read from the socket again.
    CRLF = 2
    SPARE = 1


# ---- large bulks ----

cdef inline Blob *filling(const Intake *intake) noexcept nogil:
    return intake.large.blobs[intake.large.count - 1]


cdef inline bint is_filling(const Intake *intake) noexcept nogil:
    return intake.large != NULL and intake.large.filling


cdef size_t room_for(const Intake *intake, const Parser *parser, size_t arrived) noexcept nogil:
    cdef size_t earned = max(AHEAD * arrived + READ_SIZE, min(intake.last_large, <size_t> EARNED) + CRLF + SPARE)
    return min(<size_t> parser.bulk + CRLF + SPARE, earned)


cdef void begin_large(Intake *intake, const Parser *parser, const char *data, size_t arrived) noexcept nogil:
    """Reads the bulk under way into a block from here on; ``data`` is what has arrived of it."""
    cdef Blob *blob = blob_new(parser.bulk, room_for(intake, parser, arrived))
    cdef Large *large = intake.large
    if large == NULL:
        large = <Large *> mem_zalloc(sizeof(Large))
        intake.large = large
    if large.count == large.capacity:
        large.blobs = <Blob **> mem_grow(large.blobs, &large.capacity, sizeof(Blob *), 1)
    large.blobs[large.count] = blob
    large.count += 1
    large.filling = True
    large.filled = arrived
    memcpy(blob_data(blob), data, arrived)


cdef void append_bytes(Intake *intake, const char *data, size_t size) noexcept nogil:
    if intake.capacity - intake.size < size:
        move(intake, intake.capacity + SLACK)
    memcpy(intake.data + intake.size, data, size)
    intake.size += size


cdef void end_large(Intake *intake, Parser *parser) noexcept nogil:
    cdef Large *large = intake.large
    cdef Blob *blob = filling(intake)
    cdef const char *end = blob_data(blob) + blob.size
    cdef const char *beyond = end + large.filled - blob.size
    intake.last_large = blob.size
    large.filling = False
    large.filled = 0
    large.bytes += blob.size
    if end[0] == c'\r' and end[1] == c'\n':
        parser_take(parser, &intake.partial, slice_of(blob_data(blob), blob.size))
        end += CRLF
    else:
        # The parser reports the bytes in place of the CRLF when it comes to this request.
        parser.bulk = 0
    append_bytes(intake, end, beyond - end)


cdef void drop_large(Intake *intake) noexcept nogil:
    cdef Large *large = intake.large
    cdef size_t index
    if large == NULL:
        return
    for index in range(large.count):
        blob_release(large.blobs[index])
    mem_free(large.blobs, large.capacity * sizeof(Blob *))
    mem_free(large, sizeof(Large))
    intake.large = NULL


# ---- reading ----

cdef void intake_make_room(Intake *intake, const Parser *parser) noexcept nogil:
    """Makes as much room as there are bytes, but no more than a large bulk under way needs."""
    cdef size_t wanted, capacity
    if is_filling(intake):
        if intake.large.filled == filling(intake).capacity:
            intake.large.blobs[intake.large.count - 1] = blob_grow(
                filling(intake), room_for(intake, parser, intake.large.filled))
        return
    if intake.data == NULL or intake.capacity - intake.size >= SLACK:
        return
    wanted = parser_wants(parser)
    capacity = max(2 * intake.capacity, intake.size + READ_SIZE)
    if wanted > intake.size + READ_SIZE:
        capacity = min(capacity, wanted + SLACK)
    move(intake, capacity)


cdef Window intake_window(const Intake *intake, const Parser *parser, char *shared) noexcept nogil:
    cdef Window window
    cdef size_t room
    if is_filling(intake):
        window.data = blob_data(filling(intake)) + intake.large.filled
        window.size = min(<size_t> filling(intake).capacity - intake.large.filled, <size_t> LARGE_READ)
    elif intake.data == NULL:
        window.data = shared
        window.size = HEAD_READ if intake.last_large else READ_SIZE
    else:
        room = intake.capacity - intake.size
        window.data = intake.data + intake.size
        window.size = room if parser_wants(parser) > intake.size + READ_SIZE else min(room, <size_t> READ_SIZE)
    return window


cdef bint intake_read(Intake *intake, Parser *parser, size_t size) noexcept nogil:
    if not is_filling(intake):
        if intake.data != NULL:
            intake.size += size
        return True
    intake.large.filled += size
    if intake.large.filled < filling(intake).size + CRLF:
        return False
    end_large(intake, parser)
    return True


# ---- keeping ----

cdef void shift_arguments(Arguments *arguments, size_t first, const char *before, size_t size, const char *after
                          ) noexcept nogil:
    """Corrects the arguments once the bytes before[0 : size] of the buffer have moved to ``after``; blocks never move.
    """
    cdef size_t index
    cdef const char *data
    for index in range(first, arguments.count):
        data = arguments.items[index].data
        if before <= data < before + size:
            arguments.items[index].data = after + (data - before)


cdef void move(Intake *intake, size_t capacity) noexcept nogil:
    cdef const char *before = intake.data
    intake.data = <char *> mem_realloc(intake.data, intake.capacity, capacity)
    intake.capacity = capacity
    if intake.data != before:
        shift_arguments(&intake.partial, 0, before, intake.size, intake.data)


cdef void swap_arguments(Intake *intake, Arguments *scratch) noexcept nogil:
    cdef Arguments swapped = scratch[0]
    scratch[0] = intake.partial
    intake.partial = swapped
    intake.lent = not intake.lent


cdef void intake_restore(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil:
    scratch.count = 0
    parser.first = 0
    if intake.partial.count:
        swap_arguments(intake, scratch)


cdef void keep_bytes(Intake *intake, const char *rest, size_t size) noexcept nogil:
    if intake.data == NULL:
        intake.capacity = size + SLACK
        intake.data = <char *> mem_alloc(intake.capacity)
        memcpy(intake.data, rest, size)
    elif rest != intake.data:
        memmove(intake.data, rest, size)
        if intake.capacity > KEEP and size < intake.capacity // 4:
            intake.data = <char *> mem_realloc(intake.data, intake.capacity, size + SLACK)
            intake.capacity = size + SLACK
    intake.size = size


cdef void keep_arguments(Intake *intake, const Parser *parser, Arguments *scratch) noexcept nogil:
    """Keeps the last arguments of the scratch, if a request under way has any."""
    cdef size_t first = parser.first
    cdef size_t count = scratch.count - first if parser_under_way(parser) else 0
    if count == 0:
        drop_arguments(intake, scratch)
        return
    if intake.lent:
        swap_arguments(intake, scratch)
        # If nothing precedes them, they stay in place: moving all of them at every read would take quadratic time.
        if first:
            memmove(intake.partial.items, intake.partial.items + first, count * sizeof(scratch.items[0]))
    else:
        memcpy(arguments_grow(&intake.partial, count), scratch.items + first, count * sizeof(scratch.items[0]))
    intake.partial.count = count


cdef void intake_keep(Intake *intake, Parser *parser, Arguments *scratch, char *data, size_t size) noexcept nogil:
    cdef size_t begin = parser.begin if parser_under_way(parser) else parser.at
    cdef char *rest = data + begin
    cdef bint begins = parser.remaining > 0 and parser.bulk >= BLOB_SHARED and not is_filling(intake)
    if intake.large == NULL and not begins:
        intake.last_large = 0
    if not is_filling(intake) and not (parser_under_way(parser) and parser.apart):
        drop_large(intake)
    if begin == size:
        intake_drop(intake, parser, scratch)
        return
    if begins:
        begin_large(intake, parser, data + parser.at, size - parser.at)
        size = parser.at
    keep_bytes(intake, rest, size - begin)
    if intake.data != rest:
        shift_arguments(scratch, parser.first, rest, size - begin, intake.data)
    keep_arguments(intake, parser, scratch)
    parser.at -= begin
    parser.begin = 0


# ---- forgetting ----

cdef void drop_arguments(Intake *intake, Arguments *scratch) noexcept nogil:
    if intake.lent:
        swap_arguments(intake, scratch)
    arguments_free(&intake.partial)


cdef void intake_drop(Intake *intake, Parser *parser, Arguments *scratch) noexcept nogil:
    drop_large(intake)
    mem_free(intake.data, intake.capacity)
    intake.data = NULL
    intake.size = 0
    intake.capacity = 0
    drop_arguments(intake, scratch)
    parser.at = 0
    parser.begin = 0
    parser.first = 0


cdef size_t intake_held(const Intake *intake) noexcept nogil:
    if intake.large == NULL:
        return intake.size
    return intake.size + intake.large.bytes + intake.large.filled


cdef size_t intake_free(const Intake *intake) noexcept nogil:
    cdef size_t room = intake.capacity - intake.size
    return room + filling(intake).capacity - intake.large.filled if is_filling(intake) else room
