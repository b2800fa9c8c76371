"""Two servers, one question: the same command is sent to both, and the replies must be the same bytes.

Differential tests are built on `Pair.check`. Where the bytes cannot be equal, its options specify how the replies may
differ: in the order of elements, with the clock, in everything except their shape, or by being one of several.
"""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from support.client import Argument, RawClient
from support.resp import BIG_NUMBER, DOUBLE, INTEGER, MAP, Reply
from support.servers import Server


class Side:
    """A server and the test's connection to it; if the server died, a lost connection is reported with its log."""

    def __init__(self, name: str, server: Server, protocol: int) -> None:
        self.name = name
        self.server = server
        self.protocol = protocol
        self.client = server.client(protocol)

    def call(self, *arguments: Argument) -> Reply:
        try:
            return self.client.call(*arguments)
        except ConnectionError:
            self.server.check_alive(grace=1.0)
            raise

    def reconnect(self) -> RawClient:
        self.client.close()
        self.client = self.server.client(self.protocol)
        return self.client


class Pair:
    """Ours and the oracle, with one connection each, speaking the same protocol version."""

    def __init__(self, ours: Server, oracle: Server, protocol: int = 2, begun: float | None = None) -> None:
        self.protocol = protocol
        self._begun = time.monotonic() if begun is None else begun
        self._ours = Side("ours", ours, protocol)
        self._oracle = Side("oracle", oracle, protocol)

    @property
    def ours(self) -> RawClient:
        return self._ours.client

    @property
    def oracle(self) -> RawClient:
        return self._oracle.client

    @property
    def servers(self) -> tuple[Server, Server]:
        return self._ours.server, self._oracle.server

    def close(self) -> None:
        self.ours.close()
        self.oracle.close()

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reconnect(self) -> None:
        self._ours.reconnect()
        self._oracle.reconnect()

    def another(self) -> "Pair":
        """A second connection to each server; the caller closes it."""
        return Pair(self._ours.server, self._oracle.server, self.protocol, self._begun)

    # Commands.

    def check(
        self,
        *arguments: Argument,
        unordered: bool | str = False,
        any_of: Collection[Any] | None = None,
        shape_only: bool = False,
        drift: int | None = None,
        by: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Send to both, compare, return our reply decoded. At most one of the options:

        unordered   True: elements of every aggregate in any order (maps: their pairs);
                    "pairs": additionally a flat top-level array is treated as pairs (HGETALL in RESP2)
        any_of      decoded replies, each of which is correct for both servers (RANDOMKEY, SPOP)
        shape_only  compare only types and numbers of elements (TIME, INFO)
        drift       numbers that follow the clock, in units per second (TTL 1, PTTL 1000): they may differ by the
                    time since the pair was made, because no step happened before that on either server, plus one
        by          compare the results of this function for the decoded replies
        """
        ours, oracle = self._ours.call(*arguments), self._oracle.call(*arguments)
        return self.compare(arguments, ours, oracle, unordered, any_of, shape_only, drift, by)

    def compare(
        self,
        what: Any,
        ours: Reply,
        oracle: Reply,
        unordered: bool | str = False,
        any_of: Collection[Any] | None = None,
        shape_only: bool = False,
        drift: int | None = None,
        by: Callable[[Any], Any] | None = None,
    ) -> Any:
        """The comparison of `check`, for replies that were read in another way."""
        shown = f"{str(what)[:2000]}\n  ours:   {ours.raw[:2000]!r}\n  oracle: {oracle.raw[:2000]!r}"
        if any_of is not None:
            assert oracle.decoded in any_of, f"the test does not expect the oracle's reply: {shown}"
            assert ours.decoded in any_of, shown
        elif by is not None:
            assert by(ours.decoded) == by(oracle.decoded), shown
        elif drift is not None:
            assert _nearly_equal(ours, oracle, drift * (time.monotonic() - self._begun) + 1), shown
        elif shape_only:
            assert _shape(ours) == _shape(oracle), shown
        elif unordered:
            assert _sorted(ours, unordered == "pairs") == _sorted(oracle, unordered == "pairs"), shown
        else:
            assert ours.raw == oracle.raw, shown
        return ours.decoded

    def setup(self, *arguments: Argument) -> None:
        """Run a command that must succeed on both; its reply is ignored."""
        for side in (self._ours, self._oracle):
            reply = side.call(*arguments)
            assert not reply.is_error, f"{side.name}: {arguments}: {reply.decoded}"

    def check_bytes(self, data: bytes, replies: int = 1) -> list[Any]:
        """Send raw bytes to both and compare the next `replies` frames."""
        for client in (self.ours, self.oracle):
            client.send_bytes(data)
        return [self.compare(data[:200], self.ours.read(), self.oracle.read()) for _ in range(replies)]

    def check_fatal(self, data: bytes) -> bytes:
        """Send bytes that end the connection, compare everything that both reply until then, and reconnect."""
        for client in (self.ours, self.oracle):
            with contextlib.suppress(ConnectionError):
                client.send_bytes(data)
        ours, oracle = self.ours.read_to_end(), self.oracle.read_to_end()
        self._ours.server.check_alive()
        assert ours == oracle, data[:200]
        self.reconnect()
        return ours

    def digest(self) -> str:
        """DEBUG DIGEST of both, which must be equal: all databases hold the same data set."""
        return self.check("DEBUG", "DIGEST")

    @contextlib.contextmanager
    def config(self, **directives: Argument) -> Iterator[None]:
        """CONFIG SET on both for the duration of the block; underscores in names stand for dashes."""
        names = {name.replace("_", "-"): value for name, value in directives.items()}
        before = [(side, {name: _config(side.client, name) for name in names}) for side in (self._ours, self._oracle)]
        for name, value in names.items():
            self.setup("CONFIG", "SET", name, value)
        try:
            yield
        finally:
            for side, old in before:
                with side.server.client() as client:
                    for name, value in old.items():
                        client.must("CONFIG", "SET", name, value)


def _config(client: RawClient, name: str) -> bytes:
    found = client.must("CONFIG", "GET", name)
    assert found, f"no such directive: {name}"
    return found[name.encode()] if isinstance(found, dict) else found[1]


def _shape(reply: Reply) -> Any:
    if not reply.is_aggregate:
        return reply.kind if reply.value is not None else f"{reply.kind} null"
    return (reply.kind, [_shape(item) for item in reply.value])


def _sorted(reply: Reply, top_pairs: bool = False) -> Any:
    if not reply.is_aggregate:
        return repr((reply.kind, reply.value))
    items = [_sorted(item) for item in reply.value]
    if top_pairs or reply.kind == MAP:
        items = list(zip(items[::2], items[1::2], strict=True))
    return repr((reply.kind, sorted(items)))


def _number(reply: Reply) -> float | None:
    if reply.is_aggregate or reply.value is None:
        return None
    if reply.kind in (INTEGER, BIG_NUMBER, DOUBLE):
        return float(reply.value)
    try:
        return float(reply.value)
    except ValueError:
        return None


def _nearly_equal(ours: Reply, oracle: Reply, tolerance: float) -> bool:
    if ours.kind != oracle.kind or ours.is_aggregate != oracle.is_aggregate:
        return False
    if ours.is_aggregate:
        same_length = len(ours.value) == len(oracle.value)
        pairs = zip(ours.value, oracle.value, strict=False)
        return same_length and all(_nearly_equal(left, right, tolerance) for left, right in pairs)
    left, right = _number(ours), _number(oracle)
    if left is None or right is None:
        return ours.raw == oracle.raw
    return abs(left - right) <= tolerance
