"""Actors of Dramatiq: broker, results and rate limits are on the server."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import GroupCallbacks
from dramatiq.rate_limits.backends import RedisBackend as RateLimits
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend as ResultsBackend
from ledger import job, record

URL = os.environ["REDIS_URL"]

limits = RateLimits(url=URL)
broker = RedisBroker(url=URL)
broker.add_middleware(Results(backend=ResultsBackend(url=URL)))
broker.add_middleware(GroupCallbacks(limits))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def work(number):
    job(number)
    return number * number


@dramatiq.actor
def note(text):
    record(text)


@dramatiq.actor(max_retries=2, min_backoff=10, max_backoff=20)
def stubborn():
    record("attempt")
    raise RuntimeError("in vain")
