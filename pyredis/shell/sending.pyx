"""Sends replies, queues what the socket does not accept, and pauses a client that leaves much unread.

Small replies that the socket does not accept are queued in the transport, large ones and what follows them in an
``Outgoing``. A client that leaves more than ``ALLOWANCE`` bytes unread is paused: nothing more is read or executed for
it until it has read. It may, however, be a client that sends all of a long pipeline before it reads any reply, which
Redis permits. So if a paused client has read nothing by the next check, its allowance doubles; only
``client-output-buffer-limit`` sets an end to that. A client with more than ``ALLOWANCE`` bytes of replies waiting for
the disk stays paused until the disk has caught up. Subscribers and replicas are never paused.

Over TLS (``shell/cipher``) an ``Outgoing`` has plaintext, which is encrypted a slice at a time when the socket has
accepted the slice before. The transport only gets ciphertext.
"""

from libc.errno cimport EAGAIN, EINTR, errno

from pyredis._resp cimport Reply, reply_total, reply_truncate
from pyredis.call.client cimport CLIENT_PUBSUB, CLIENT_REPLICA
from pyredis.call.state cimport enter
from pyredis.shell.cipher cimport CIPHER_FAILED
from pyredis.shell.hub cimport Hub, Receiver
from pyredis.shell.outgoing cimport SEND_SLICE, Outgoing, Parcel, copy_of, encrypt_reply, parcel_of, send_reply

cdef extern from *:
    """
    #include "vectors.h"
    """
    enum: SEND_FLAGS
    ssize_t c_send "send" (int fd, const void *data, size_t size, int flags) nogil

cdef enum:
    # How many bytes of a large reply the transport is given at a time. It reports when the socket has accepted them.
    LENT = 262144
    # Most plaintext encrypted at a time.
    SEALED_SLICE = 262144
    ALLOWANCE = 1 << 20


cdef class Sender(Receiver):
    """The sending half of a connection: small replies at once, large ones a slice at a time, all of them in order."""

    def __cinit__(self, Hub hub):
        self.hub = hub
        self.fd = -1
        self.allowance = ALLOWANCE

    cdef size_t output_held(self) except? 0:
        return self.waiting_bytes + (self.unsent_bytes() if not self.lost else 0)

    cdef size_t output_copied(self) except? 0:
        cdef size_t queued = self.outgoing.size if self.outgoing is not None else 0
        cdef size_t copied = self.waiting_copied
        if self.lost:
            return copied
        if not self.lends:
            copied += self.unsent_bytes() - queued
        return copied + (self.outgoing.copied() if queued else 0)

    cdef void count_sent(self, size_t size) noexcept:
        self.hub.writes += 1
        self.hub.bytes_out += size
        self.client.bytes_out += size

    cdef int send(self, const char *data, size_t size) except -1:
        """Sends bytes that are valid only during this call."""
        cdef ssize_t sent = 0
        if self.lost or size == 0:
            return 0
        self.count_sent(size)
        if self.tls is not None:
            return self.send_encrypted(data, size)
        if self.fd >= 0 and not self.writing:
            sent = c_send(self.fd, data, size, SEND_FLAGS)
            if sent == <ssize_t> size:
                return 0
            if sent < 0:
                if errno != EAGAIN and errno != EINTR:
                    return self.fail_sending()
                sent = 0
        return self.queue_tail(data + sent, size - sent)

    cdef int fail_sending(self) except -1:
        self.closing = True
        if self.tls is not None:
            self.tls.sent()
        self.transport.abort()
        return 0

    cdef int queue_tail(self, const char *data, size_t size) except -1:
        cdef size_t unsent
        if self.is_gone():
            return 0
        if self.outgoing is not None:
            self.outgoing.add_part(copy_of(data, size))
        else:
            self.transport.write(memoryview(copy_of(data, size)))
        unsent = self.unsent_bytes()
        if unsent:
            self.writing = True
            self.check_output(unsent)
        return 0

    cdef int send_large(self, size_t begin) except -1:
        """Sends the reply buffer from ``begin`` on, its pieces from where they are stored, and removes it."""
        cdef Reply *reply = &self.hub.core.server.reply
        cdef size_t size = reply_total(reply) - begin
        cdef ssize_t sent = 0
        if not self.lost:
            self.count_sent(size)
            if self.tls is not None:
                return self.send_large_encrypted(begin, size)
            if self.fd >= 0 and not self.writing:
                sent = send_reply(self.fd, self.hub.pages, reply, begin)
        if self.lost or sent < 0 or sent == <ssize_t> size:
            reply_truncate(reply, begin)
            return self.fail_sending() if sent < 0 else 0
        return self.queue_parcel(parcel_of(reply, begin, sent))

    cdef int send_parcel(self, Parcel parcel) except -1:
        if self.lost:
            return 0
        self.count_sent(parcel.size)
        return self.queue_parcel(parcel)

    cdef int queue_parcel(self, Parcel parcel) except -1:
        """Queues a parcel. Sending begins in the next iteration at the earliest, so that others get their turn."""
        if self.outgoing is None:
            self.outgoing = Outgoing()
            if not self.writing:
                self.hub.loop.call_soon(self.go_on_sending)
        self.outgoing.add(parcel)
        self.writing = True
        return self.check_output(self.unsent_bytes())

    def go_on_sending(self):
        """Continues sending. May be called at any time: while the transport has bytes of its own, nothing is sent."""
        enter(self.hub.core)
        if self.is_gone():
            return
        if self.outgoing is not None and not self.transport.get_write_buffer_size():
            self.pump()
        if self.stalled and not self.writing:
            self.look_again()

    cdef int pump(self) except -1:
        """Sends a slice of what is queued, and ensures that sending continues with the next one."""
        cdef ssize_t sent = 0
        self.writing = True
        self.lends = False
        if self.tls is not None:
            return self.pump_encrypted()
        if self.fd >= 0:
            sent = self.outgoing.send(self.fd, self.hub.pages)
        if sent < 0:
            return self.fail_sending()
        if self.outgoing.size == 0:
            self.outgoing = None
            self.writing = False
            return self.finish()
        if sent < SEND_SLICE:
            return self.lend_to_transport()
        self.hub.loop.call_soon(self.go_on_sending)
        return 0

    cdef int lend_to_transport(self) except -1:
        """Gives bytes to the transport, which waits until the socket accepts more."""
        self.lends = self.outgoing.begins_with_value()
        self.transport.write(self.outgoing.take(LENT, self.hub.pages if self.fd >= 0 else None))
        if self.lost or self.transport.get_write_buffer_size():
            return 0
        self.hub.loop.call_soon(self.go_on_sending)
        return 0

    # ---- TLS ----

    cdef int send_encrypted(self, const char *data, size_t size) except -1:
        cdef size_t unsent
        if self.outgoing is not None:
            self.outgoing.add_part(copy_of(data, size))
        elif not self.tls.write(data, size):
            return self.fail_sending()
        elif self.send_sealed() or self.is_gone():
            return 0
        unsent = self.unsent_bytes()
        if unsent:
            self.writing = True
            self.check_output(unsent)
        return 0

    cdef int send_large_encrypted(self, size_t begin, size_t size) except -1:
        cdef Reply *reply = &self.hub.core.server.reply
        cdef size_t taken = 0
        cdef Parcel rest
        if not self.writing:
            taken = encrypt_reply(reply, begin, self.tls, SEALED_SLICE)
            self.send_sealed()
        if self.tls.state == CIPHER_FAILED:
            reply_truncate(reply, begin)
            return self.fail_sending()
        rest = parcel_of(reply, begin, taken)
        if self.closing and self.is_gone():
            return 0
        if rest.size:
            return self.queue_parcel(rest)
        return self.check_output(self.unsent_bytes()) if self.writing else 0

    cdef int send_sealed(self) except -1:
        """Returns 1 if the socket has accepted everything."""
        cdef const char *data = self.tls.sealed.data
        cdef size_t size = self.tls.sealed.size
        cdef ssize_t sent = 0
        # Taken away first, so that whatever fails below, no other client is sent any of it.
        self.tls.sent()
        if size == 0:
            return 1
        if self.fd >= 0 and not self.writing:
            sent = c_send(self.fd, data, size, SEND_FLAGS)
            if sent < 0:
                if errno != EAGAIN and errno != EINTR:
                    self.fail_sending()
                    return 0
                sent = 0
        if sent < <ssize_t> size and not self.is_gone():
            self.transport.write(memoryview(copy_of(data + sent, size - sent)))
            self.writing = self.outgoing is not None or self.transport.get_write_buffer_size() > 0
        return sent == <ssize_t> size

    cdef int pump_encrypted(self) except -1:
        cdef bint accepted
        self.outgoing.encrypt(self.tls, SEALED_SLICE)
        if self.tls.state == CIPHER_FAILED:
            return self.fail_sending()
        self.writing = False
        accepted = self.send_sealed()
        if self.is_gone():
            return 0
        if accepted and self.outgoing.size == 0:
            self.outgoing = None
            return self.finish()
        self.writing = True
        if accepted or not self.transport.get_write_buffer_size():
            self.hub.loop.call_soon(self.go_on_sending)
        return 0

    cdef int say_goodbye(self) except -1:
        if self.tls is not None and not self.is_gone():
            self.tls.say_goodbye()
            if self.outgoing is None:
                self.send_sealed()
            self.tls.sent()
        return 0

    # ---- limits ----

    cdef size_t unsent_bytes(self) except? 0:
        cdef size_t unsent = self.transport.get_write_buffer_size()
        return unsent + self.outgoing.size if self.outgoing is not None else unsent

    cdef int check_output(self, size_t unsent) except -1:
        """Closes a client above the output limit of its class, or pauses an ordinary one that leaves much unread.

        What waits for the disk does not count towards the limit of an ordinary client, which caused it itself and is
        paused instead. It does count for a client of another class, whose output is caused by other clients.
        """
        cdef size_t counted = unsent
        cdef bint caused_by_others = (self.client.flags & (CLIENT_PUBSUB | CLIENT_REPLICA)) != 0
        if self.hub.client_limit:
            self.hub.note_memory(self)
        if caused_by_others:
            counted = self.unsent_bytes() + self.waiting_bytes
        if counted and self.hub.host.exceeds_output_limit(self, counted):
            self.close()
        elif not caused_by_others and (unsent > self.allowance or self.waiting_bytes > ALLOWANCE):
            self.stalled = True
            self.unsent = unsent
            self.hub.stalled.add(self)
            self.pause_reading()
        return 0

    cdef int look_again(self) except -1:
        """Resumes a paused client if it has read enough, or nothing at all, as it may send more before it reads."""
        cdef size_t unsent = self.unsent_bytes()
        if self.waiting_bytes > ALLOWANCE or (ALLOWANCE // 2 < unsent < self.unsent):
            self.unsent = unsent
            return 0
        self.allowance = max(<size_t> ALLOWANCE, 2 * unsent)
        self.stalled = False
        self.hub.stalled.discard(self)
        self.resume()
        return 0

    cdef bint is_gone(self) except -1:
        """Returns whether nothing can be sent any more. A transport may close before ``connection_lost`` reports it."""
        return self.lost or self.transport.is_closing()

    cdef bint is_owed(self) noexcept:
        """Returns whether any output waits for the file, for the socket, or in the outbox."""
        return self.held or self.outgoing is not None or self.client.mailbox != NULL

    cdef int finish(self) except -1:
        """Closes the connection if it is to be closed and no output waits."""
        if self.closing and not self.is_owed() and not self.lost:
            self.say_goodbye()
            self.transport.close()
        return 0
