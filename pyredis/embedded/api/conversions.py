"""From replies to the results of redis-py.

A converter gets the reply of RESP3 as an object (``wire/reply_objects``). All of them accept bytes and str alike,
because ``decode_responses`` decides between them. redis-py reads the sets of RESP3 as lists, except for the commands of
sets, so a set becomes a list here too.

What redis-py does differently for one option of a command is a converter of its own: a method chooses it when it sees
the option, so no converter has options.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pyredis.embedded.api.client_errors import reply_exception
from pyredis.wire.reply_objects import ReplyError

Converter = Callable[[Any], Any]


def text(value: Any) -> Any:
    """Returns bytes as str, and anything else unchanged."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def texts(reply: Any) -> list[Any]:
    return [text(value) for value in reply]


def ok(reply: Any) -> bool:
    return reply == b"OK" or reply == "OK"


def ok_or_none(reply: Any) -> bool | None:
    """SET without GET: None if a condition did not hold."""
    return reply and (reply == b"OK" or reply == "OK")


def always(reply: Any) -> bool:
    """BGSAVE and BGREWRITEAOF, which reply with a sentence."""
    return True


def pong(reply: Any) -> bool:
    return reply == b"PONG" or reply == "PONG"


def float_or_none(reply: Any) -> float | None:
    return None if reply is None else float(reply)


def truths(reply: Any) -> list[bool]:
    return list(map(bool, reply))


def pair_or_none(reply: Any) -> tuple[Any, ...] | None:
    """A blocking pop: a tuple, or None if the time has passed."""
    return tuple(reply) if reply else None


def as_dict(flat: Any) -> dict[Any, Any]:
    """Returns a dict of keys and values in turn."""
    values = iter(flat or ())
    return dict(zip(values, values, strict=False))


def with_text_keys(reply: dict[Any, Any]) -> dict[str, Any]:
    return {text(key): value for key, value in reply.items()}


def without_sets(value: Any) -> Any:
    """Returns an arbitrary reply with lists in place of sets, and exceptions in place of error replies."""
    if isinstance(value, list | set | frozenset):
        return [without_sets(each) for each in value]
    if isinstance(value, dict):
        return {key: without_sets(each) for key, each in value.items()}
    return reply_exception(str(value)) if isinstance(value, ReplyError) else value


# Scores


def score_bytes(score: Any) -> bytes:
    """Returns a score as RESP2 sends it; redis-py passes scores to functions, or returns them, in this form."""
    if isinstance(score, bytes):
        return score
    return score.encode() if isinstance(score, str) else b"%.17g" % score


def caster(cast: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Returns a function that applies ``cast`` to the text of a score, or to the float if it refuses the text."""

    def convert(score: Any) -> Any:
        try:
            return cast(score_bytes(score))
        except (ValueError, TypeError):
            return cast(float(score))

    return float if cast is float else convert


def score_pairs(reply: Any) -> Any:
    return list(map(tuple, reply))


def scored(cast: Callable[[Any], Any]) -> Converter:
    """Returns the converter for members with scores: a list of tuples."""
    if cast is float:
        return score_pairs
    convert = caster(cast)
    return lambda reply: [(member, convert(score)) for member, score in reply]


def popped(reply: Any) -> Any:
    """ZPOPMIN and ZPOPMAX; without a count, RESP3 has no list around the one pair."""
    return score_pairs(reply if not reply or isinstance(reply[0], list) else [reply])


def ranked(cast: Callable[[Any], Any]) -> Converter | None:
    """Returns the converter for a rank with its score."""
    if cast is float:
        return None
    convert = caster(cast)
    return lambda reply: reply and [reply[0], convert(reply[1])]


def flat_scores(reply: Any) -> Any:
    """ZDIFF and ZRANDMEMBER: members and scores in turn, as RESP2 sends them."""
    return [each for member, score in reply for each in (member, score_bytes(score))] if reply else reply


def popped_from(reply: Any) -> Any:
    """ZMPOP and BZMPOP: the key, and members with their scores as RESP2 sends them."""
    return reply and [reply[0], [[member, score_bytes(score)] for member, score in reply[1]]]


# Other collections


def flat_pairs(reply: Any) -> Any:
    """HRANDFIELD with values: fields and values in turn."""
    return [each for pair in reply for each in pair] if reply and isinstance(reply[0], list) else reply


def flat_dict(reply: Any) -> Any:
    """A map as RESP2 sends it: keys and values in turn. Anything else is returned unchanged."""
    return [each for pair in reply.items() for each in pair] if isinstance(reply, dict) else reply


def listed_or_same(reply: Any) -> Any:
    """SPOP with a count: a list, whatever the reply is."""
    return list(reply) if isinstance(reply, set) else reply


def scan(reply: Any) -> tuple[int, Any]:
    return int(reply[0]), reply[1]


def scan_fields(reply: Any) -> tuple[int, dict[Any, Any]]:
    return int(reply[0]), as_dict(reply[1])


def scan_scores(cast: Callable[[Any], Any]) -> Converter:
    """Returns the converter for ZSCAN, whose scores are strings."""

    def convert(reply: Any) -> tuple[int, list[tuple[Any, Any]]]:
        values = iter(reply[1])
        return int(reply[0]), list(zip(values, map(apply, values), strict=False))

    def apply(score: Any) -> Any:
        try:
            return cast(score)
        except (ValueError, TypeError):
            return cast(float(score))

    return convert


def groups_of(size: int) -> Converter:
    """Returns the converter for SORT with several GETs: tuples of ``size`` elements."""
    return lambda reply: list(zip(*(reply[place::size] for place in range(size)), strict=False)) if reply else reply


def numbers_of_subscribers(reply: Any) -> list[tuple[Any, Any]]:
    return list(zip(reply[::2], reply[1::2], strict=True))


# Places


def point(reply: Any) -> tuple[float, float] | None:
    return None if reply is None else (float(reply[0]), float(reply[1]))


def points(reply: Any) -> list[tuple[float, float] | None]:
    return list(map(point, reply))


def found_places(*columns: Callable[[Any], Any]) -> Converter | None:
    """Returns the converter for places with these columns after the name: ``float``, ``int``, `point`."""
    if not columns:
        return None
    casts = (lambda name: name, *columns)
    return lambda reply: [[cast(value) for cast, value in zip(casts, place, strict=False)] for place in reply]


# Streams


def entry(reply: Any) -> tuple[Any, Any]:
    """An entry: its id and its fields, None for an entry that is gone."""
    return (None, None) if reply is None else (reply[0], as_dict(reply[1]))


def entries(reply: Any) -> Any:
    return None if reply is None else [entry(each) for each in reply]


def streams(reply: Any) -> list[list[Any]]:
    return [[name, entries(found)] for name, found in reply.items()] if reply else []


def claimed_entry(reply: Any) -> tuple[Any, ...]:
    return (*entry(reply), *(() if reply is None else reply[2:]))


def claimed_streams(reply: Any) -> list[list[Any]]:
    """XREADGROUP with CLAIM: an entry is followed by its idle time and its deliveries."""
    return [[name, [claimed_entry(each) for each in found]] for name, found in reply.items()] if reply else []


def claimed(reply: Any) -> Any:
    """XAUTOCLAIM."""
    return [reply[0], entries(reply[1]), *reply[2:]]


def second(reply: Any) -> Any:
    """XAUTOCLAIM with JUSTID: only the ids."""
    return reply[1]


def pending(reply: Any) -> dict[str, Any]:
    consumers = [{"name": name, "pending": int(count)} for name, count in reply[3] or ()]
    return {"pending": reply[0], "min": reply[1], "max": reply[2], "consumers": consumers}


def pending_entries(reply: Any) -> list[dict[str, Any]]:
    names = ("message_id", "consumer", "time_since_delivered", "times_delivered")
    return [dict(zip(names, each, strict=False)) for each in reply]


def records(reply: Any) -> list[dict[str, Any]]:
    return [with_text_keys(each) for each in reply]


def stream_facts(reply: Any) -> dict[str, Any]:
    facts = with_text_keys(reply)
    for name in ("first-entry", "last-entry"):
        if facts.get(name) is not None:
            facts[name] = entry(facts[name])
    return facts


def all_stream_facts(reply: Any) -> dict[str, Any]:
    """XINFO STREAM with FULL."""
    facts = with_text_keys(reply)
    facts["entries"] = dict(map(entry, facts["entries"]))
    facts["groups"] = records(facts["groups"])
    return facts


# The server


def time_of_day(reply: Any) -> tuple[int, int]:
    return int(reply[0]), int(reply[1])


def moment(reply: Any) -> datetime | None:
    return datetime.fromtimestamp(int(reply)) if reply else None


def settings(reply: Any) -> dict[Any, Any]:
    return {text(name): text(value) for name, value in reply.items()}


def memory_stats(reply: Any) -> dict[str, Any]:
    return {
        name: with_text_keys(value) if isinstance(value, dict) else value
        for name, value in with_text_keys(reply).items()
    }


def slow_calls(reply: Any) -> list[dict[str, Any]]:
    return [slow_call(*each) for each in reply]


def slow_call(number: int, start: int, duration: int, command: Any, address: Any = b"", name: Any = b"") -> Any:
    joined = (" " if command and isinstance(command[0], str) else b" ").join(command)
    return {
        "id": number,
        "start_time": start,
        "duration": duration,
        "command": joined,
        "client_address": address,
        "client_name": name,
    }


def killed(reply: Any) -> bool | int:
    return reply if isinstance(reply, int) else ok(reply)


def client_lines(reply: Any) -> list[dict[str, str]]:
    return [client_line(line) for line in text(reply).splitlines()]


def client_line(line: str) -> dict[str, str]:
    """Returns the fields of a line of CLIENT LIST. A value may contain spaces: a socket's path."""
    fields: dict[str, str] = {}
    last = ""
    for word in line.split(" "):
        name, sign, value = word.partition("=")
        if sign:
            last = name
            fields[name] = value
        else:
            fields[last] += " " + word
    return fields


CLIENT_NUMBERS = frozenset(
    (
        "id",
        "age",
        "idle",
        "db",
        "sub",
        "psub",
        "multi",
        "qbuf",
        "qbuf-free",
        "obl",
        "argv-mem",
        "oll",
        "omem",
        "tot-mem",
    )
)


def client_facts(reply: Any) -> dict[str, str | int]:
    fields = client_line(text(reply).strip())
    return {name: int(value) if name in CLIENT_NUMBERS else value for name, value in fields.items()}


def user_facts(reply: Any) -> dict[str, Any] | None:
    """ACL GETUSER."""
    if reply is None:
        return None
    facts = {text(name): value for name, value in reply.items()}
    rules = text(facts["commands"]).split(" ")
    return {
        "flags": texts(in_order_of_flags(facts["flags"])),
        "passwords": texts(facts["passwords"]),
        "commands": [rule for rule in rules if "@" not in rule],
        "keys": text(facts["keys"]).split(),
        "channels": text(facts["channels"]).split(),
        "selectors": [texts(flat_dict(selector)) for selector in facts["selectors"]],
        "categories": [rule for rule in rules if "@" in rule],
        "enabled": "on" in texts(facts["flags"]),
    }


def in_order_of_flags(flags: Any) -> list[Any]:
    """Returns a user's flags in the server's order, which a set does not keep."""
    names = ("on", "off", "nopass", "skip-sanitize-payload", "sanitize-payload")
    return sorted(flags, key=lambda flag: names.index(text(flag)))


def denials(reply: Any) -> list[dict[str, Any]]:
    """ACL LOG."""
    entries = [{text(name): text(value) for name, value in entry.items()} for entry in reply]
    return [{**entry, "client-info": client_facts(entry["client-info"])} for entry in entries]


def tracking_facts(reply: Any) -> list[Any]:
    return [each for name, value in reply.items() for each in (text(name), without_sets(value))]


def object_facts(reply: Any) -> dict[str, str | int]:
    """DEBUG OBJECT; the type is the first word."""
    fields: dict[str, Any] = dict(word.split(":", 1) for word in ("type:" + text(reply)).split())
    for name in ("refcount", "serializedlength", "lru", "lru_seconds_idle"):
        if name in fields:
            fields[name] = int(fields[name])
    return fields


def info(reply: Any) -> dict[str, Any]:
    """Returns the fields of all sections; ``a=1,b=2`` is a dict and ``1,2`` a list."""
    fields: dict[str, Any] = {}
    for line in text(reply).splitlines():
        if not line or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon:
            fields.setdefault("__raw__", []).append(line)
        elif name == "module":
            fields.setdefault("modules", []).append(info_value(value))
        else:
            fields[name] = info_value(value)
    return fields


def info_value(value: str) -> Any:
    if "=" in value:
        return dict(map(info_field, filter(None, value.split(","))))
    if "," in value:
        return [info_number(each) for each in value.split(",") if each]
    return info_number(value)


def info_field(word: str) -> tuple[str, Any]:
    name, sign, value = word.rpartition("=")
    return (name, info_value(value)) if sign else (value, True)


def info_number(value: str) -> int | float | str:
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def libraries(reply: Any) -> Any:
    """FUNCTION LIST: libraries and their functions as RESP2 sends them."""
    return [flat_dict({name: functions(value) for name, value in library.items()}) for library in reply]


def functions(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [flat_dict({name: without_sets(fact) for name, fact in function.items()}) for function in value]


def commands(reply: Any) -> dict[str, dict[str, Any]]:
    """COMMAND; a command that does not exist is left out."""
    return {described["name"]: described for described in map(command, filter(None, reply))}


COMMAND_FACTS = (
    *("name", "arity", "flags", "first_key_pos", "last_key_pos", "step_count", "acl_categories", "tips"),
    *("key_specifications", "subcommands"),
)


def command(reply: Any) -> dict[str, Any]:
    facts = dict(zip(COMMAND_FACTS, described(reply), strict=True))
    for name in ("flags", "acl_categories"):
        facts[name] = texts(facts[name])
    facts["name"] = text(facts["name"])
    return facts


def described_commands(reply: Any) -> list[Any]:
    """COMMAND INFO."""
    return [None if each is None else described(each) for each in reply]


def described(reply: Any) -> list[Any]:
    """Returns what COMMAND says of one command, with lists in the server's order."""
    parts = [in_order(part) if isinstance(part, set) else part for part in reply[:8]]
    keys = sorted(map(thawed, reply[8]), key=_place_of_keys)
    return [*parts, keys, [described(each) for each in reply[9]]]


def keys_and_flags(reply: Any) -> list[list[Any]]:
    return [[key, in_order(flags)] for key, flags in reply]


def in_order(words: Any) -> list[Any]:
    """Returns the flags, categories or tips of a command in the server's order, which a set does not keep."""
    from pyredis.commands.table.keyspecs import FLAG_LETTERS
    from pyredis.commands.table.spec import CATEGORIES, FLAGS

    names = (*FLAGS, *FLAG_LETTERS, *(f"@{name}" for name in CATEGORIES))
    places = {name: place for place, name in enumerate(names)}
    return sorted(words, key=lambda word: (places.get(text(word), len(places)), text(word)))


def thawed(value: Any) -> Any:
    """Returns a map as it was before it was made hashable, as a member of a set: a tuple of pairs."""
    if isinstance(value, tuple):
        return {name: thawed(each) for name, each in value}
    if isinstance(value, dict):
        return {name: thawed(each) for name, each in value.items()}
    return in_order(value) if isinstance(value, set | frozenset) else value


def _place_of_keys(spec: Any) -> str:
    """The place of a key specification among those of its command: that of its first key."""
    return repr(with_text_keys(spec)["begin_search"])


def algorithm_result(reply: Any) -> Any:
    return text(reply)
