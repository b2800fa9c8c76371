"""A process that uses walrus: it reads a stream in a consumer group, and keeps models, containers and rate limits."""

import threading
import time

import walrus
from redis.exceptions import RedisError
from serving import HOST, PORT, report, serve

database = walrus.Database(HOST, PORT)


class User(walrus.Model):
    __database__ = database
    name = walrus.TextField(primary_key=True)
    city = walrus.TextField(index=True)
    age = walrus.IntegerField(index=True)
    words = walrus.TextField(fts=True)


def consume():
    group = database.consumer_group("workers", ["jobs"], consumer="only")
    group.create()
    while True:
        try:
            for identifier, fields in group.jobs.read(count=5, block=200) or []:
                database.Hash("sums").incr("total", int(fields[b"value"]))
                group.jobs.ack(identifier)
                report(handled=identifier.decode(), value=int(fields[b"value"]))
        except RedisError:
            time.sleep(0.05)


def add_user(name, city, age, words):
    User.create(name=name, city=city, age=age, words=words)
    return True


def people(city, older_than):
    return sorted(user.name for user in User.query((User.city == city) & (User.age > older_than)))


def about(word):
    return sorted(user.name for user in User.query(User.words.search(word)))


def transfer(source, target, amount):
    with database.atomic():
        database.Hash("balances").incr(source, -amount)
        database.Hash("balances").incr(target, amount)
    return True


def completed(text):
    completion = database.autocomplete("cities")
    if not database.get("filled"):
        for city in ("Lisbon", "Lisburn", "London"):
            completion.store(city)
        database.set("filled", 1)
    return sorted(found.decode() if isinstance(found, bytes) else found for found in completion.search(text))


limits = {
    "plain": database.rate_limit("plain", limit=20, per=60),
    "lua": database.rate_limit_lua("lua", limit=20, per=60),
}

threading.Thread(target=consume, daemon=True).start()
serve(
    add_user=add_user,
    people=people,
    about=about,
    transfer=transfer,
    balances=lambda: {name.decode(): int(value) for name, value in database.Hash("balances").as_dict().items()},
    completed=completed,
    limited=lambda kind, user: limits[kind].limit(user),
)
