"""A server whose INFO can also put messages into the outbox, as PUBLISH will. Run it as the server itself.

``INFO SEND how ids message`` sends a message; the letters of ``how`` mean ``s``hared, a ``l``ine, and ``w``aiting until
the file has all changes so far. ``INFO CLASS id class`` sets a client's class; ``INFO PENDING`` returns the numbers of
addressed clients and undelivered messages.
"""

import sys

from pyredis import cli
from pyredis import server as module
from pyredis.replies import OK
from pyredis.shell import outbox_handle


class Server(module.Server):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        index = next(index for index, spec in enumerate(self.core.specs) if spec.name == "info")
        info = self.core.handlers[index]
        verbs = {b"SEND": self.send, b"CLASS": self.set_class, b"PENDING": self.pending}

        def handler(client, args):
            verb = verbs.get(args[1]) if len(args) > 1 else None
            return verb(*args[2:]) if verb else info(client, args)

        self.core.handlers[index] = handler

    def send(self, how, ids, message):
        chosen = {int(number) for number in ids.split(b",")}
        receivers = [client for client in self.clients.values() if client.id in chosen]
        send = outbox_handle.send_shared if b"s" in how else outbox_handle.send
        send(self.core, receivers, message, self.core.log_position if b"w" in how else 0, line=b"l" in how)
        return len(receivers)

    def set_class(self, identity, name):
        outbox_handle.set_class(self.clients[int(identity)], name.decode())
        return OK

    def pending(self):
        return list(outbox_handle.pending(self.core))


if __name__ == "__main__":
    module.Server = Server  # type: ignore[misc]
    sys.exit(cli.main())
