"""Asking the rules, and replies that are held; ``injected.pxd`` has the contract."""

from libc.stdint cimport uint64_t
from libc.string cimport memset

from pyredis._resp cimport Piece, Reply, reply_free, reply_piece, reply_raw, reply_truncate
from pyredis.call.call cimport Call
from pyredis.call.client cimport CLIENT_BLOCKED, CLIENT_CLOSE_AFTER_REPLY, CLIENT_LOADER
from pyredis.call.client_state cimport ClientState
from pyredis.call.handlers cimport argument_list, client_object
from pyredis.call.outbox cimport outbox_answer
from pyredis.call.pausing cimport pause_hold
from pyredis.ground.memory cimport Account, mem_enter


# ---- replies ----

cdef class HeldReply:
    """The reply of a command that has been executed, until it is delivered."""

    def __dealloc__(self):
        cdef Account *interrupted
        if self.server != NULL:
            interrupted = mem_enter(self.server.memory)
            reply_free(&self.reply)
            mem_enter(interrupted)

    def deliver(self, ClientState client not None, uint64_t offset):
        """Answers the client's command, once the file has reached ``offset``; the hub must deliver the outbox."""
        cdef Account *interrupted = mem_enter(self.server.memory)
        if client.client.flags & CLIENT_BLOCKED:
            outbox_answer(&self.server.outbox, &client.client, &self.reply, 0, offset)
        mem_enter(interrupted)


cdef HeldReply take_reply(Call *call, size_t begin):
    """Moves the reply from ``begin`` on."""
    cdef HeldReply held = HeldReply.__new__(HeldReply)
    cdef Reply *reply = call.reply
    cdef const Piece *piece
    cdef size_t at = begin, index
    memset(&held.reply, 0, sizeof(Reply))
    held.server = call.server
    held.core = <object> call.server.core
    held.reply.protocol = call.client.protocol
    for index in range(reply.piece_count):
        piece = reply.pieces + index
        if piece.at > begin:
            reply_raw(&held.reply, reply.data + at, piece.at - at)
            reply_piece(&held.reply, piece.blob, piece.bytes)
            at = piece.at
    if reply.size > at:
        reply_raw(&held.reply, reply.data + at, reply.size - at)
    reply_truncate(reply, begin)
    return held


cdef int keep_reply(Call *call, size_t begin) except -1:
    core = <object> call.server.core
    client = client_object(call.client)
    delivered = core.faults.late
    if delivered is None:
        reply_truncate(call.reply, begin)
        call.client.flags |= CLIENT_CLOSE_AFTER_REPLY
        return 0
    held = take_reply(call, begin)
    call.client.flags |= CLIENT_BLOCKED
    core.faults.keep(client, held, call.server.wait_offset, delivered)
    return 0


cdef void hold_reply(Call *call, size_t begin) noexcept with gil:
    # A command that waits is answered by others; one that closes its client has no reply that matters.
    if call.reply.size == begin or call.client.flags & CLIENT_BLOCKED:
        return
    try:
        keep_reply(call, begin)
    except Exception as error:
        (<object> call.server.core).host.report_exception("Holding a reply failed", error)


# ---- commands ----

cdef Fault ask(Call *call, bint nested, const char **text) except *:
    core = <object> call.server.core
    client = client_object(call.client)
    found = core.faults.strike(client, core.specs[call.command.index], argument_list(call), nested)
    if found is None:
        return FAULT_NONE
    kind, detail = found
    if kind == FAULT_ERROR:
        # The rules keep it for as long as the fault exists.
        text[0] = <const char *> (<bytes> detail)
    elif kind == FAULT_DROP:
        call.client.flags |= CLIENT_CLOSE_AFTER_REPLY
    elif kind == FAULT_HOLD:
        pause_hold(&call.server.pause, call.client, call.command, call.argc, call.argv)
    else:
        core.faults.late = detail
    return kind


cdef Fault strike(Call *call, const char **text) noexcept with gil:
    if call.client.flags & CLIENT_LOADER:
        return FAULT_NONE
    try:
        return ask(call, False, text)
    except Exception as error:
        (<object> call.server.core).host.report_exception("Injecting a fault failed", error)
        return FAULT_NONE


cdef bint strike_nested(void *call) noexcept nogil:
    return refuse_nested(<Call *> call)


cdef bint refuse_nested(Call *call) noexcept with gil:
    cdef const char *text = NULL
    try:
        if ask(call, True, &text) == FAULT_NONE:
            return False
    except Exception as error:
        (<object> call.server.core).host.report_exception("Injecting a fault failed", error)
        return False
    call.server.reject(call, text)
    return True
