"""Random data sets of every type, small and large, in several databases, as the commands that create them.

A seed always produces the same commands, and none of them fails: a data set knows the keys it has made, the kind of
each and the last ID of each stream.
"""

from collections.abc import Callable, Iterator
from random import Random

from support.client import Argument
from support.strategies import FAR_FUTURE

Request = list[Argument]

DATABASES = 4
KINDS = ("string", "bits", "hyperloglog", "list", "set", "integers", "zset", "geo", "hash", "stream", "stream")
# Settings that affect how values are encoded, not what they are.
LAYOUTS: dict[str, tuple[int, ...]] = {
    "hash-max-listpack-entries": (0, 16, 128, 512),
    "hash-max-listpack-value": (8, 64),
    "set-max-intset-entries": (4, 512),
    "zset-max-listpack-entries": (0, 16, 128),
    "zset-max-listpack-value": (8, 64),
    "list-max-listpack-size": (-2, -1, 3, 128),
    "list-compress-depth": (0, 1, 3),
    "stream-node-max-bytes": (0, 200, 4096),
    "stream-node-max-entries": (0, 3, 100),
}


def layout(random: Random) -> list[str]:
    """Server arguments that set each of the `LAYOUTS` to one of its values."""
    return [word for name, values in LAYOUTS.items() for word in (f"--{name}", str(random.choice(values)))]


class DataSet:
    """The keys made so far, and the commands that make and change more."""

    def __init__(self, seed: int, *, field_expiry: bool = False) -> None:
        self.random = Random(seed)
        self.field_expiry = field_expiry
        self.kinds: dict[tuple[int, str], str] = {}
        self.last_ids: dict[tuple[int, str], int] = {}
        self.groups: dict[tuple[int, str], int] = {}

    # Numbers and texts.

    def size(self) -> int:
        """The size of a collection: mostly small, sometimes more than one piece of a snapshot."""
        return self.random.choice((1, 2, 5, 5, 20, 20, 150, 600, 600, 3000))

    def integer(self) -> int:
        return self.random.choice((1, -1)) * self.random.randrange(1 << self.random.choice((3, 7, 12, 23, 31, 62)))

    def text(self) -> bytes:
        """A value: a number, bytes of any kind, something that compresses; rarely empty or long."""
        random = self.random
        kind = random.randrange(12)
        if kind < 5:
            return b"%d" % self.integer()
        if kind < 8:
            return random.randbytes(random.choice((0, 1, 3, 12, 40, 63, 64, 65)))
        if kind < 11:
            return b"some text %d " % random.randrange(50) * random.choice((1, 1, 1, 6))
        return bytes(random.randrange(32, 127) for _ in range(4)) * random.choice((2, 500))

    def score(self) -> str:
        """A score, never -0: a sorted set in a listpack stores it as 0, a large one does not."""
        random = self.random
        return random.choice(
            (
                str(random.randrange(-50, 50)),
                repr(random.random() * 10 ** random.randrange(-8, 20)),
                repr(random.randrange(1000) / 10),
                random.choice(("inf", "-inf", "1e300", "9007199254740993", "0.1")),
            )
        )

    # One value each: commands for a new key or for one that exists.

    def make_string(self, key: str) -> Iterator[Request]:
        yield ["SET", key, self.text()]
        for _ in range(self.random.randrange(2)):
            yield ["APPEND", key, self.text()]

    def make_bits(self, key: str) -> Iterator[Request]:
        for _ in range(self.random.randrange(1, 5)):
            yield ["SETBIT", key, self.random.randrange(20000), 1]

    def make_hyperloglog(self, key: str) -> Iterator[Request]:
        yield ["PFADD", key, *[self.random.randrange(10**6) for _ in range(self.size())]]

    def make_list(self, key: str) -> Iterator[Request]:
        yield ["RPUSH", key, *[self.text() for _ in range(self.size())]]
        yield ["LPUSH", key, *[self.text() for _ in range(self.random.randrange(1, 4))]]
        yield ["LSET", key, self.random.choice((0, -1)), self.text()]
        yield ["LINSERT", key, "BEFORE", self.text(), self.text()]

    def make_set(self, key: str) -> Iterator[Request]:
        yield ["SADD", key, *[self.text() for _ in range(self.size())]]

    def make_integers(self, key: str) -> Iterator[Request]:
        members = [self.integer() for _ in range(self.size())]
        yield ["SADD", key, *members]
        if len(members) > 5:
            yield ["SREM", key, *members[:2]]

    def make_zset(self, key: str) -> Iterator[Request]:
        yield ["ZADD", key, *[word for _ in range(self.size()) for word in (self.score(), self.text())]]
        yield ["ZINCRBY", key, 1, "counted"]

    def make_geo(self, key: str) -> Iterator[Request]:
        random = self.random
        places = [(random.uniform(-180, 180), random.uniform(-85, 85), self.text()) for _ in range(self.size())]
        yield ["GEOADD", key, *[word for place in places for word in place]]

    def make_hash(self, key: str) -> Iterator[Request]:
        fields = list(dict.fromkeys(self.text() for _ in range(self.size())))
        yield ["HSET", key, *[word for field in fields for word in (field, self.text())]]
        if self.field_expiry and self.random.randrange(2):
            some = fields[: self.random.randrange(1, len(fields) + 1)]
            yield ["HPEXPIREAT", key, FAR_FUTURE * 1000 + self.random.randrange(9), "FIELDS", len(some), *some]
        if len(fields) > 5:
            yield ["HDEL", key, *fields[-2:]]

    def make_stream(self, key: str) -> Iterator[Request]:
        place = self.database, key
        ids = list(self.entries(key))
        yield from (["XADD", key, id, *fields] for id, fields in ids)
        for group in range(self.groups.get(place, 0), self.random.randrange(4)):
            yield ["XGROUP", "CREATE", key, f"g{group}", self.random.choice(("0", "$", ids[0][0]))]
            self.groups[place] = group + 1
        for group in range(self.groups.get(place, 0)):
            yield from self.reading(key, f"g{group}", [id for id, _ in ids])
        if self.random.randrange(2):
            yield ["XDEL", key, *self.random.sample([id for id, _ in ids], min(len(ids), 5))]
        if not self.random.randrange(4):
            yield ["XTRIM", key, "MAXLEN", self.random.randrange(len(ids) + 1)]

    def entries(self, key: str) -> Iterator[tuple[str, Request]]:
        """Entries with increasing IDs, with gaps; most have the same field names, which a node stores only once."""
        place = self.database, key
        for _ in range(self.size()):
            self.last_ids[place] = self.last_ids.get(place, 0) + self.random.randrange(1, 1000)
            names = ("f", "g") if self.random.randrange(5) else (self.text(),)
            id = f"{self.last_ids[place]}-{self.random.randrange(3)}"
            yield id, [word for name in names for word in (name, self.text())]

    def reading(self, key: str, group: str, ids: list[str]) -> Iterator[Request]:
        random = self.random
        for number in range(random.randrange(4)):
            count = random.choice((1, 5, 300))
            yield ["XREADGROUP", "GROUP", group, f"c{number}", "COUNT", count, "STREAMS", key, ">"]
        yield ["XACK", key, group, *random.sample(ids, (len(ids) + 2) // 3)]
        claimed = random.sample(ids, min(len(ids), 3))
        yield ["XCLAIM", key, group, "claims", 0, *claimed, "FORCE", "RETRYCOUNT", random.randrange(9)]
        if not random.randrange(4):
            yield ["XGROUP", "CREATECONSUMER", key, group, "idle"]
            yield ["XGROUP", "SETID", key, group, random.choice(ids), "ENTRIESREAD", random.choice((-1, 0))]

    # All of them.

    def value(self, key: str, kind: str) -> Iterator[Request]:
        make: Callable[[str], Iterator[Request]] = getattr(self, f"make_{kind}")
        yield from make(key)
        if not self.random.randrange(3):
            yield ["PEXPIREAT", key, FAR_FUTURE * 1000 + self.random.randrange(1000)]

    def select(self) -> Iterator[Request]:
        self.database = self.random.randrange(DATABASES)
        yield ["SELECT", self.database]

    def building(self, keys: int = 25) -> Iterator[Request]:
        """New keys in all databases."""
        for number in range(len(self.kinds), len(self.kinds) + keys):
            yield from self.select()
            key, kind = f"{number}:" + "k" * self.random.choice((1, 1, 30, 300)), self.random.choice(KINDS)
            self.kinds[self.database, key] = kind
            yield from self.value(key, kind)

    def changing(self, changes: int = 25) -> Iterator[Request]:
        """Changes to existing keys."""
        for _ in range(changes):
            (self.database, key), kind = self.random.choice(list(self.kinds.items()))
            yield ["SELECT", self.database]
            change = self.random.choice((self.value, self.renaming, self.deleting, self.copying, self.aging))
            yield from change(key, kind)

    def renaming(self, key: str, kind: str) -> Iterator[Request]:
        yield ["RENAME", key, key + "r"]
        for facts in (self.kinds, self.last_ids, self.groups):
            if (self.database, key) in facts:
                facts[self.database, key + "r"] = facts.pop((self.database, key))

    def deleting(self, key: str, kind: str) -> Iterator[Request]:
        """Delete the key and make it again, except for a stream, whose IDs would start again below the last one."""
        if kind != "stream":
            yield [self.random.choice(("DEL", "UNLINK")), key]
            yield from self.value(key, kind)

    def copying(self, key: str, kind: str) -> Iterator[Request]:
        """Copy the key to a database in which no other keys are made."""
        yield ["COPY", key, key, "DB", DATABASES, "REPLACE"]

    def aging(self, key: str, kind: str) -> Iterator[Request]:
        yield ["PERSIST", key]
        yield ["PEXPIREAT", key, FAR_FUTURE * 1000 + 5000 + self.random.randrange(1000)]
