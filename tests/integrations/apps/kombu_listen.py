"""A consumer of a fanout exchange, of a topic exchange and of a queue that is shared with the other consumers."""

import os
import sys

from kombu import Connection, Exchange, Queue
from kombu.mixins import ConsumerMixin
from ledger import record

NEWS = Exchange("news", type="fanout")
TOPICS = Exchange("topics", type="topic")
SHARED = Queue("shared", Exchange("shared", type="direct"), routing_key="shared")


class Listener(ConsumerMixin):
    connect_max_retries = None

    def __init__(self, connection, name):
        self.connection = connection
        self.name = name

    def get_consumers(self, make, channel):
        news = Queue(f"news-{self.name}", NEWS, exclusive=True, auto_delete=True)
        topics = Queue(f"topics-{self.name}", TOPICS, routing_key=f"{self.name}.#")
        return [make([news, topics, SHARED], callbacks=[self.on_message], prefetch_count=1)]

    def on_message(self, body, message):
        record(f"{self.name} {body}" if message.delivery_info["exchange"] != "shared" else body)
        message.ack()


if __name__ == "__main__":
    with Connection(os.environ["REDIS_URL"], transport_options={"visibility_timeout": 5}) as connection:
        Listener(connection, sys.argv[1]).run()
