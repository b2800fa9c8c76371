"""The list commands that pop from one of several lists or move elements between lists, including the blocking ones.

A blocking command shares its code with the one that does not block: they differ only in what they do if there is no
element. The command that does not block is propagated.
"""

from libc.stdint cimport int64_t

from pyredis._resp cimport Replied, reply_array, reply_null, reply_null_array, reply_slice
from pyredis.call.blocking cimport (
    BLOCK_REPLY_NULL,
    BLOCK_REPLY_NULL_ARRAY,
    block_on_keys,
    lookup_awaited,
    timeout_argument,
)
from pyredis.call.call cimport Call
from pyredis.call.changes cimport EVENT_LIST, changed
from pyredis.call.errors cimport reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.propagation cimport propagate_instead
from pyredis.commands.lists.list_access cimport (
    ListAccess,
    end_argument,
    find_list,
    hold_list,
    number_argument,
    pop_event,
    pop_one,
    pop_several,
    push_event,
    store_fewer,
    store_list,
)
from pyredis.ground.base cimport Slice, equals_nocase, format_int64, literal, slice_of
from pyredis.keyspace.keyspace cimport LIST
from pyredis.types.list.list cimport list_drop, list_new, list_peek, list_push, list_size


cdef Slice pop_name(bint front) noexcept nogil:
    return literal("LPOP" if front else "RPOP")


# ---- from one list to another ----

ctypedef struct Ends:
    bint pops_front
    bint pushes_front


cdef Slice reply_moved(Call *call, ListAccess *source, bint front) noexcept nogil:
    """Replies with the element and returns its text in the reply, where it stays valid while the lists change."""
    cdef char digits[20]
    cdef Slice text = list_peek(source.list, front, digits)
    reply_slice(call.reply, text)
    return slice_of(call.reply.data + call.reply.size - 2 - text.size, text.size)


cdef Replied move(Call *call, ListAccess *source, const Ends *ends) noexcept nogil:
    """Moves an element from a non-empty list to the list at argument 2, which may be the same one."""
    cdef ListAccess target
    cdef bint rotates
    cdef Slice text
    if not find_list(call, 2, &target):
        return 0
    rotates = target.entry == source.entry
    text = reply_moved(call, source, ends.pops_front)
    if rotates:
        # Removed before it is pushed again, so that a full short list stays short.
        list_drop(target.list, ends.pops_front)
    elif target.list == NULL:
        target.list = list_new(0, ends.pushes_front)
    list_push(&target.list, &text, 1, ends.pushes_front, &target.limits)
    store_list(call, &target)
    changed(call, 2, EVENT_LIST, push_event(ends.pushes_front))
    if rotates:
        source.list = target.list
    else:
        list_drop(source.list, ends.pops_front)
    store_fewer(call, source, pop_event(ends.pops_front), 1)
    return 0


cdef bint ends_arguments(Call *call, Ends *ends) noexcept nogil:
    if end_argument(call, 3, &ends.pops_front) and end_argument(call, 4, &ends.pushes_front):
        return True
    reply_syntax_error(call)
    return False


cdef Replied move_at_once(Call *call, const Ends *ends) noexcept nogil:
    cdef ListAccess source
    if not find_list(call, 1, &source):
        return 0
    if source.list == NULL:
        return reply_null(call.reply)
    return move(call, &source, ends)


cdef Replied move_or_wait(Call *call, const Ends *ends, int64_t timeout_ms, Slice name) noexcept nogil:
    """``name`` is the command that does not block; its arguments are the same except for the timeout at the end."""
    cdef ListAccess source
    cdef Slice argv[5]
    cdef int index
    hold_list(call, 1, lookup_awaited(call, 1, LIST), &source)
    if call.failed:
        return 0
    if source.list == NULL:
        return block_on_keys(call, 1, 1, timeout_ms, BLOCK_REPLY_NULL)
    move(call, &source, ends)
    if call.failed:
        return 0
    argv[0] = name
    for index in range(1, call.argc - 1):
        argv[index] = call.argv[index]
    propagate_instead(call, call.argc - 1, argv)
    return 0


cdef Replied lmove(Call *call) noexcept nogil:
    cdef Ends ends
    return move_at_once(call, &ends) if ends_arguments(call, &ends) else 0


cdef Replied rpoplpush(Call *call) noexcept nogil:
    cdef Ends ends
    ends.pops_front = False
    ends.pushes_front = True
    return move_at_once(call, &ends)


cdef Replied blmove(Call *call) noexcept nogil:
    cdef Ends ends
    cdef int64_t timeout_ms
    if not ends_arguments(call, &ends) or not timeout_argument(call, 5, &timeout_ms):
        return 0
    return move_or_wait(call, &ends, timeout_ms, literal("LMOVE"))


cdef Replied brpoplpush(Call *call) noexcept nogil:
    cdef Ends ends
    cdef int64_t timeout_ms
    if not timeout_argument(call, 3, &timeout_ms):
        return 0
    ends.pops_front = False
    ends.pushes_front = True
    return move_or_wait(call, &ends, timeout_ms, literal("RPOPLPUSH"))


# ---- one element of the first of several lists ----

cdef Replied pop_first(Call *call, bint front) noexcept nogil:
    cdef ListAccess access
    cdef int64_t timeout_ms
    cdef Slice argv[2]
    cdef int index
    if not timeout_argument(call, call.argc - 1, &timeout_ms):
        return 0
    for index in range(1, call.argc - 1):
        hold_list(call, index, lookup_awaited(call, index, LIST), &access)
        if call.failed:
            return 0
        if access.list == NULL:
            continue
        reply_array(call.reply, 2)
        reply_slice(call.reply, call.argv[index])
        pop_one(call, &access, front)
        argv[0] = pop_name(front)
        argv[1] = call.argv[index]
        propagate_instead(call, 2, argv)
        return 0
    return block_on_keys(call, 1, call.argc - 2, timeout_ms, BLOCK_REPLY_NULL_ARRAY)


cdef Replied blpop(Call *call) noexcept nogil:
    return pop_first(call, True)


cdef Replied brpop(Call *call) noexcept nogil:
    return pop_first(call, False)


# ---- several elements of the first of several lists ----

ctypedef struct Pops:
    int first               # indexes of the first and the last key
    int last
    bint front
    int64_t count


cdef bint pops_arguments(Call *call, int numkeys_at, Pops *pops) noexcept nogil:
    """Parses ``numkeys`` and all that follows it; replies with an error and returns False if it is invalid."""
    cdef int64_t numkeys
    cdef int at
    if not number_argument(call, numkeys_at, 1, &numkeys, "ERR numkeys should be greater than 0"):
        return False
    pops.count = -1
    if numkeys >= call.argc - numkeys_at - 1:
        reply_syntax_error(call)
        return False
    pops.first = numkeys_at + 1
    pops.last = numkeys_at + <int> numkeys
    if not end_argument(call, pops.last + 1, &pops.front):
        reply_syntax_error(call)
        return False
    for at in range(pops.last + 2, call.argc, 2):
        if pops.count != -1 or at + 1 == call.argc or not equals_nocase(call.argv[at], "count"):
            reply_syntax_error(call)
            return False
        if not number_argument(call, at + 1, 1, &pops.count, "ERR count should be greater than 0"):
            return False
    if pops.count == -1:
        pops.count = 1
    return True


cdef void propagate_pops(Call *call, int key, bint front, size_t count) noexcept nogil:
    cdef char digits[20]
    cdef Slice argv[3]
    argv[0] = pop_name(front)
    argv[1] = call.argv[key]
    argv[2] = slice_of(digits, format_int64(digits, <int64_t> count))
    propagate_instead(call, 3, argv)


cdef Replied pop_from(Call *call, ListAccess *access, const Pops *pops) noexcept nogil:
    cdef size_t count = min(<size_t> pops.count, list_size(access.list))
    reply_array(call.reply, 2)
    reply_slice(call.reply, call.argv[access.key])
    pop_several(call, access, pops.front, count)
    propagate_pops(call, access.key, pops.front, count)
    return 0


cdef Replied lmpop(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef Pops pops
    cdef int index
    if not pops_arguments(call, 1, &pops):
        return 0
    for index in range(pops.first, pops.last + 1):
        if not find_list(call, index, &access):
            return 0
        if access.list != NULL:
            return pop_from(call, &access, &pops)
    return reply_null_array(call.reply)


cdef Replied blmpop(Call *call) noexcept nogil:
    cdef ListAccess access
    cdef int64_t timeout_ms
    cdef Pops pops
    cdef int index
    if not pops_arguments(call, 2, &pops) or not timeout_argument(call, 1, &timeout_ms):
        return 0
    for index in range(pops.first, pops.last + 1):
        hold_list(call, index, lookup_awaited(call, index, LIST), &access)
        if call.failed:
            return 0
        if access.list != NULL:
            return pop_from(call, &access, &pops)
    return block_on_keys(call, pops.first, pops.last, timeout_ms, BLOCK_REPLY_NULL_ARRAY)


HANDLERS = {
    "blmove": native(blmove),
    "blmpop": native(blmpop),
    "blpop": native(blpop),
    "brpop": native(brpop),
    "brpoplpush": native(brpoplpush),
    "lmove": native(lmove),
    "lmpop": native(lmpop),
    "rpoplpush": native(rpoplpush),
}
