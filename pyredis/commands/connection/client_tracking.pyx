"""The subcommands of CLIENT for client-side caching: TRACKING, CACHING, GETREDIR, TRACKINGINFO.

They are native because a client in OPTIN mode sends CLIENT CACHING before each command whose keys it caches.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from pyredis._resp cimport (
    MAP,
    SET_REPLY,
    Replied,
    reply_aggregate,
    reply_array,
    reply_close,
    reply_error,
    reply_error_slice,
    reply_integer,
    reply_ok,
    reply_open,
    reply_slice,
)
from pyredis.call.call cimport Call, argument
from pyredis.call.client cimport CLIENT_CACHING, CLIENT_CLOSE_NOW, CLIENT_TRACKING, Client
from pyredis.call.client_state cimport ClientState
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.call.state cimport Server
from pyredis.call.tracked_prefixes cimport prefixes_overlap
from pyredis.call.trackers cimport (
    TRACKER_BCAST,
    TRACKER_BROKEN,
    TRACKER_NOLOOP,
    TRACKER_OPTIN,
    TRACKER_OPTOUT,
    Tracker,
    prefix_text,
    tracker_of,
)
from pyredis.call.tracking cimport tracking_begin, tracking_end
from pyredis.ground.base cimport Slice, equals_nocase, literal, slice_of
from pyredis.ground.memory cimport mem_alloc, mem_free

cdef extern from "string.h" nogil:
    size_t strnlen(const char *text, size_t most)

cdef enum:
    ONE_CHOICE = TRACKER_OPTIN | TRACKER_OPTOUT
    # More than any text of an error, without the prefixes that it quotes.
    ERROR_ROOM = 128

cdef const char *OTHER_BCAST = (
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a "
    "different mode."
)
cdef const char *OTHER_CHOICE = (
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a "
    "different mode."
)

# What CLIENT TRACKING asks for.
ctypedef struct Wish:
    uint64_t flags
    int64_t redirect
    Client *target
    Slice *prefixes             # room for all arguments
    size_t prefix_count


# ---- TRACKING ----

cdef Client *find_client(Server *server, int64_t number) noexcept with gil:
    """Returns the client of that id, NULL if there is none or if it has been closed."""
    cdef ClientState found = (<object> server.core).host.clients.get(number)
    if found is None or found.client.flags & CLIENT_CLOSE_NOW:
        return NULL
    return &found.client


cdef bint fail(Call *call, const char *text) noexcept nogil:
    """Replies with an error and returns False."""
    call.failed = True
    reply_error(call.reply, text)
    return False


cdef bint read_redirect(Call *call, int index, Wish *wish) noexcept nogil:
    if wish.redirect:
        return fail(call, "ERR A client can only redirect to a single other client")
    if not integer_argument(call, index, &wish.redirect):
        return False
    wish.target = find_client(call.server, wish.redirect)
    return wish.target != NULL or fail(call, "ERR The client ID you want redirect to does not exist")


cdef uint64_t flag_named(Slice word) noexcept nogil:
    if equals_nocase(word, "bcast"):
        return TRACKER_BCAST
    if equals_nocase(word, "optin"):
        return TRACKER_OPTIN
    if equals_nocase(word, "optout"):
        return TRACKER_OPTOUT
    return TRACKER_NOLOOP if equals_nocase(word, "noloop") else 0


cdef bint read_options(Call *call, Wish *wish) noexcept nogil:
    cdef int index = 3
    cdef uint64_t flag
    cdef bint more
    while index < call.argc:
        more = index + 1 < call.argc
        flag = flag_named(argument(call, index))
        if more and equals_nocase(argument(call, index), "redirect"):
            index += 1
            if not read_redirect(call, index, wish):
                return False
        elif more and equals_nocase(argument(call, index), "prefix"):
            index += 1
            wish.prefixes[wish.prefix_count] = argument(call, index)
            wish.prefix_count += 1
        elif flag:
            wish.flags |= flag
        else:
            reply_syntax_error(call)
            return False
        index += 1
    return True


cdef bint fits(Call *call, const Wish *wish) noexcept nogil:
    """Checks the options against each other, and against the mode of a client that tracks already."""
    cdef const Tracker *tracker = tracker_of(call.client)
    cdef uint64_t flags = wish.flags, now = 0
    if call.client.flags & CLIENT_TRACKING:
        now = tracker.flags
    if wish.prefix_count and not flags & TRACKER_BCAST:
        return fail(call, "ERR PREFIX option requires BCAST mode to be enabled")
    if call.client.flags & CLIENT_TRACKING and (flags ^ now) & TRACKER_BCAST:
        return fail(call, OTHER_BCAST)
    if flags & TRACKER_BCAST and flags & ONE_CHOICE:
        return fail(call, "ERR OPTIN and OPTOUT are not compatible with BCAST")
    if flags & ONE_CHOICE == ONE_CHOICE:
        return fail(call, "ERR You can't specify both OPTIN mode and OPTOUT mode")
    if flags & ONE_CHOICE and now & ONE_CHOICE and (flags ^ now) & ONE_CHOICE:
        return fail(call, OTHER_CHOICE)
    return True


cdef size_t append(char *out, Slice text) noexcept nogil:
    memcpy(out, text.data, text.size)
    return text.size


cdef inline Slice shown(Slice text) noexcept nogil:
    """Returns a text up to its first NUL, as Redis quotes it in errors."""
    return slice_of(text.data, strnlen(text.data, text.size))


cdef bint refuse_overlap(Call *call, Slice prefix, const char *with_which, Slice other) noexcept nogil:
    cdef size_t room = ERROR_ROOM + prefix.size + other.size
    cdef char *text = <char *> mem_alloc(room)
    cdef size_t size = 0
    size += append(text + size, literal("ERR Prefix '"))
    size += append(text + size, shown(prefix))
    size += append(text + size, literal(with_which))
    size += append(text + size, shown(other))
    size += append(text + size, literal("'. Prefixes for a single client must not overlap."))
    call.failed = True
    reply_error_slice(call.reply, slice_of(text, size))
    mem_free(text, room)
    return False


cdef bint are_apart(Call *call, const Wish *wish) noexcept nogil:
    """Checks that the new prefixes overlap neither with those that the client has, nor with each other."""
    cdef const Tracker *tracker = tracker_of(call.client)
    cdef size_t index, other
    for index in range(wish.prefix_count):
        if tracker != NULL:
            for other in range(tracker.prefix_count):
                if prefixes_overlap(wish.prefixes[index], prefix_text(tracker.prefixes[other])):
                    return refuse_overlap(call, wish.prefixes[index], "' overlaps with an existing prefix '",
                                          prefix_text(tracker.prefixes[other]))
        for other in range(index + 1, wish.prefix_count):
            if prefixes_overlap(wish.prefixes[index], wish.prefixes[other]):
                return refuse_overlap(call, wish.prefixes[index], "' overlaps with another provided prefix '",
                                      wish.prefixes[other])
    return True


cdef bint turn_on(Call *call, Wish *wish) noexcept nogil:
    if not fits(call, wish):
        return False
    if wish.flags & TRACKER_BCAST:
        if not are_apart(call, wish):
            return False
        if wish.prefix_count == 0:
            wish.prefixes[0] = literal("")
            wish.prefix_count = 1
    tracking_begin(call.server, call.client, wish.flags, wish.redirect, wish.target, wish.prefixes, wish.prefix_count)
    return True


cdef bint obey(Call *call, Wish *wish) noexcept nogil:
    if not read_options(call, wish):
        return False
    if equals_nocase(argument(call, 2), "on"):
        return turn_on(call, wish)
    if not equals_nocase(argument(call, 2), "off"):
        reply_syntax_error(call)
        return False
    tracking_end(call.server, call.client)
    return True


cdef Replied client_tracking(Call *call) noexcept nogil:
    cdef Wish wish
    cdef bint done
    wish.flags = 0
    wish.redirect = 0
    wish.target = NULL
    wish.prefix_count = 0
    wish.prefixes = <Slice *> mem_alloc(call.argc * sizeof(Slice))
    done = obey(call, &wish)
    mem_free(wish.prefixes, call.argc * sizeof(Slice))
    return reply_ok(call.reply) if done else 0


# ---- CACHING ----

cdef Replied client_caching(Call *call) noexcept nogil:
    cdef Tracker *tracker = tracker_of(call.client)
    if not call.client.flags & CLIENT_TRACKING:
        return reply_error(call.reply, "ERR CLIENT CACHING can be called only when the client is in tracking mode with "
                           "OPTIN or OPTOUT mode enabled")
    if equals_nocase(argument(call, 2), "yes"):
        if not tracker.flags & TRACKER_OPTIN:
            return reply_error(call.reply, "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN "
                               "mode.")
    elif equals_nocase(argument(call, 2), "no"):
        if not tracker.flags & TRACKER_OPTOUT:
            return reply_error(call.reply, "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT "
                               "mode.")
    else:
        return reply_syntax_error(call)
    tracker.family = call.command.parent
    call.client.flags |= CLIENT_CACHING
    return reply_ok(call.reply)


# ---- what the client has asked for ----

cdef inline int64_t redirection(const Client *client) noexcept nogil:
    return tracker_of(client).redirect if client.flags & CLIENT_TRACKING else -1


cdef Replied client_getredir(Call *call) noexcept nogil:
    return reply_integer(call.reply, redirection(call.client))


cdef size_t reply_flag(Call *call, bint on, const char *name) noexcept nogil:
    """Replies with the name of a flag that is on; returns how many that are."""
    if on:
        reply_slice(call.reply, literal(name))
    return on


cdef size_t reply_flags(Call *call) noexcept nogil:
    cdef bint caching = (call.client.flags & CLIENT_CACHING) != 0
    cdef uint64_t flags
    if not call.client.flags & CLIENT_TRACKING:
        return reply_flag(call, True, "off")
    flags = tracker_of(call.client).flags
    return (reply_flag(call, True, "on") +
            reply_flag(call, (flags & TRACKER_BCAST) != 0, "bcast") +
            reply_flag(call, (flags & TRACKER_OPTIN) != 0, "optin") +
            reply_flag(call, caching and flags & TRACKER_OPTIN, "caching-yes") +
            reply_flag(call, (flags & TRACKER_OPTOUT) != 0, "optout") +
            reply_flag(call, caching and flags & TRACKER_OPTOUT, "caching-no") +
            reply_flag(call, (flags & TRACKER_NOLOOP) != 0, "noloop") +
            reply_flag(call, (flags & TRACKER_BROKEN) != 0, "broken_redirect"))


cdef Replied client_trackinginfo(Call *call) noexcept nogil:
    cdef const Tracker *tracker = tracker_of(call.client)
    cdef size_t index, opened, count = tracker.prefix_count if tracker != NULL else 0
    reply_aggregate(call.reply, MAP, 3)
    reply_slice(call.reply, literal("flags"))
    opened = reply_open(call.reply)
    reply_close(call.reply, opened, SET_REPLY, reply_flags(call))
    reply_slice(call.reply, literal("redirect"))
    reply_integer(call.reply, redirection(call.client))
    reply_slice(call.reply, literal("prefixes"))
    reply_array(call.reply, count)
    for index in range(count):
        reply_slice(call.reply, prefix_text(tracker.prefixes[index]))
    return 0


HANDLERS = {
    "client_caching": native(client_caching),
    "client_getredir": native(client_getredir),
    "client_tracking": native(client_tracking),
    "client_trackinginfo": native(client_trackinginfo),
}
