"""The state of a client as attributes; ``client_state.pxd`` has the contract."""

from pyredis.call.client cimport (
    CLIENT_AUTHENTICATED,
    CLIENT_BLOCKED,
    CLIENT_CLOSE_AFTER_REPLY,
    CLIENT_CLOSE_NOW,
    CLIENT_MONITOR,
    CLIENT_MULTI,
    CLIENT_NO_EVICT,
    CLIENT_NO_TOUCH,
    CLIENT_PUBSUB,
    CLIENT_REPLICA,
    CLIENT_REPLY_OFF,
    CLIENT_REPLY_SKIP,
    CLIENT_REPLY_SKIP_NEXT,
    CLIENT_TRACKING,
    CLIENT_UNAUTHENTICATED,
    CLIENT_UNIX,
    Client,
    client_watch_broken,
)
from pyredis.call.permissions cimport Permissions, client_forget_user, client_set_user, client_user
from pyredis.call.subscriptions cimport subscriptions_of
from pyredis.call.trackers cimport TRACKER_BCAST, TRACKER_BROKEN, Tracker, tracker_of
from pyredis.call.tracking cimport tracking_memory
from pyredis.call.waiting cimport Place, Waiter, waiter_of
from pyredis.channels.channels cimport (
    CHANNEL,
    PATTERN,
    SHARD_CHANNEL,
    SUBSCRIPTION_KINDS,
    Subscription,
    channel_name,
    subscriber_memory,
)
from pyredis.ground.base cimport Slice


cdef str tracking_letters(const Tracker *tracker):
    return "t" + ("R" if tracker.flags & TRACKER_BROKEN else "") + ("B" if tracker.flags & TRACKER_BCAST else "")


cdef class ClientState:
    """The state that CLIENT INFO shows and commands set. Times are in milliseconds since 1970, sizes in bytes."""

    def __cinit__(self):
        self.name = b""
        self.lib_name = b""
        self.lib_ver = b""

    def __dealloc__(self):
        client_forget_user(&self.client)

    # ---- what commands read and set ----

    cdef void set_flag(self, unsigned flag, bint on) noexcept:
        if on:
            self.client.flags |= flag
        else:
            self.client.flags &= ~flag

    @property
    def id(self):
        return self.client.id

    @property
    def db(self):
        return self.client.database.id

    @property
    def protocol(self):
        return self.client.protocol

    @protocol.setter
    def protocol(self, int value):
        self.client.protocol = value

    @property
    def authenticated(self):
        """Whether it gave the password, or connected when there was none; a later change of the password keeps this."""
        return (self.client.flags & CLIENT_AUTHENTICATED) != 0

    @authenticated.setter
    def authenticated(self, bint value):
        self.set_flag(CLIENT_AUTHENTICATED, value)
        self.set_flag(CLIENT_UNAUTHENTICATED, not value)

    @property
    def must_authenticate(self):
        """Whether it is refused until it authenticates."""
        return (self.client.flags & CLIENT_UNAUTHENTICATED) != 0

    def require_password(self, bint required):
        """Applies a change of the password: from now on a client that has not authenticated is refused, or served."""
        self.set_flag(CLIENT_UNAUTHENTICATED, required and not self.authenticated)

    @property
    def ending(self):
        """Whether the client is being closed, or is closed."""
        return (self.client.flags & (CLIENT_CLOSE_AFTER_REPLY | CLIENT_CLOSE_NOW)) != 0

    @property
    def no_evict(self):
        return (self.client.flags & CLIENT_NO_EVICT) != 0

    @no_evict.setter
    def no_evict(self, bint value):
        self.set_flag(CLIENT_NO_EVICT, value)

    @property
    def no_touch(self):
        return (self.client.flags & CLIENT_NO_TOUCH) != 0

    @no_touch.setter
    def no_touch(self, bint value):
        self.set_flag(CLIENT_NO_TOUCH, value)

    @property
    def reply_mode(self):
        """``on``, ``off`` or ``skip``."""
        if self.client.flags & CLIENT_REPLY_OFF:
            return "off"
        return "skip" if self.client.flags & (CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT) else "on"

    @reply_mode.setter
    def reply_mode(self, str mode):
        if mode == "skip":
            if not self.client.flags & CLIENT_REPLY_OFF:
                self.client.flags |= CLIENT_REPLY_SKIP_NEXT
            return
        self.set_flag(CLIENT_REPLY_OFF, mode == "off")
        if mode == "on":
            self.client.flags &= ~(CLIENT_REPLY_SKIP | CLIENT_REPLY_SKIP_NEXT)

    @property
    def user(self):
        """The name of its user."""
        return client_user(&self.client).decode("utf-8", "surrogateescape")

    @property
    def user_name(self):
        """The same as bytes."""
        return client_user(&self.client)

    def log_in(self, Permissions permissions=None):
        """Makes it a user's, authenticated; the default user's if ``permissions`` is None."""
        if permissions is None:
            client_forget_user(&self.client)
        else:
            client_set_user(&self.client, permissions)
        self.authenticated = True

    def belongs_to(self, Permissions permissions not None):
        """Whether it is the user's whose permissions these are."""
        return self.client.user == <void *> permissions.rights

    def log_out(self):
        """Makes it the default user's again, as a client that has not authenticated."""
        client_forget_user(&self.client)
        self.authenticated = False

    @property
    def is_unix(self):
        return (self.client.flags & CLIENT_UNIX) != 0

    @property
    def flags_text(self):
        """The state of the client in Redis's letters."""
        text = ""
        if self.client.flags & CLIENT_MONITOR:
            text += "O"
        if self.client.flags & CLIENT_REPLICA:
            text += "S"
        if self.client.flags & CLIENT_PUBSUB:
            text += "P"
        if self.client.flags & CLIENT_MULTI:
            text += "x"
        if self.client.flags & CLIENT_BLOCKED:
            text += "b"
        if self.client.flags & CLIENT_TRACKING:
            text += tracking_letters(tracker_of(&self.client))
        if client_watch_broken(&self.client):
            text += "d"
        if self.ending:
            text += "c"
        if self.client.flags & CLIENT_UNIX:
            text += "U"
        if self.client.flags & CLIENT_NO_EVICT:
            text += "e"
        if self.client.flags & CLIENT_NO_TOUCH:
            text += "T"
        return text or "N"

    @property
    def redirection(self):
        """The id of the client that CLIENT TRACKING redirects to, 0 for itself, -1 if tracking is off."""
        return tracker_of(&self.client).redirect if self.client.flags & CLIENT_TRACKING else -1

    @property
    def tracking_memory(self):
        """Bytes kept for CLIENT TRACKING; the table of keys is not counted."""
        return tracking_memory(&self.client)

    @property
    def output_class(self):
        """The class of its ``client-output-buffer-limit``: ``normal``, ``replica`` or ``pubsub``."""
        if self.client.flags & CLIENT_REPLICA:
            return "replica"
        return "pubsub" if self.client.flags & CLIENT_PUBSUB else "normal"

    @property
    def blocked(self):
        """Whether its command waits."""
        return (self.client.flags & CLIENT_BLOCKED) != 0

    @property
    def created_ms(self):
        return self.client.created_ms

    @property
    def active_ms(self):
        return self.client.active_ms

    @property
    def queued(self):
        """The number of commands queued since MULTI, -1 outside a transaction."""
        return self.client.queued if self.client.flags & CLIENT_MULTI else -1

    @property
    def watching(self):
        """How many keys it watches; none once one of them has been written, because that decides its EXEC."""
        return 0 if client_watch_broken(&self.client) else self.client.watching

    @property
    def channels(self):
        """How many channels it is subscribed to."""
        return subscriptions_of(&self.client, CHANNEL)

    @property
    def patterns(self):
        return subscriptions_of(&self.client, PATTERN)

    @property
    def shard_channels(self):
        return subscriptions_of(&self.client, SHARD_CHANNEL)

    @property
    def subscriptions(self):
        """What it is subscribed to, as (``channel``, ``pattern`` or ``shard``, name)."""
        cdef Subscription *subscription
        cdef Slice name
        cdef int kind
        cdef list found = []
        for kind in range(SUBSCRIPTION_KINDS if self.client.subscriber != NULL else 0):
            subscription = self.client.subscriber.first[kind]
            while subscription != NULL:
                name = channel_name(subscription.channel)
                found.append((("channel", "pattern", "shard")[kind], name.data[:name.size]))
                subscription = subscription.after
        return found

    @property
    def subscription_memory(self):
        """Bytes kept for what it is subscribed to; the channels themselves are not counted."""
        return subscriber_memory(self.client.subscriber)

    @property
    def multi_memory(self):
        return self.client.queue_bytes

    @property
    def argument_memory(self):
        """Bytes kept for a waiting command."""
        if self.client.waiter == NULL:
            return 0
        waiter = waiter_of(&self.client)
        return waiter.request.block_size + sizeof(Waiter) + waiter.room * sizeof(Place)

    @property
    def bytes_in(self):
        return self.client.bytes_in

    @property
    def bytes_out(self):
        return self.client.bytes_out

    @property
    def commands(self):
        return self.client.commands

    @property
    def last_command(self):
        """The full name of the last command, such as ``client|list``; None before the first."""
        return self.client.last_command.name.decode() if self.client.last_command != NULL else None

    # ---- the values for a client without a socket ----

    @property
    def fd(self):
        return -1

    @property
    def address(self):
        """A local address, because the client is in this process."""
        return "127.0.0.1:0"

    @property
    def local_address(self):
        return "127.0.0.1:0"

    @property
    def query_buffer(self):
        """Bytes of buffered input."""
        return 0

    @property
    def query_free(self):
        return 0

    @property
    def input_memory(self):
        return 0

    @property
    def output_memory(self):
        """Bytes of buffered replies."""
        return 0

    @property
    def total_memory(self):
        return (self.client.queue_bytes + self.argument_memory + self.subscription_memory + self.tracking_memory +
                sizeof(Client))
