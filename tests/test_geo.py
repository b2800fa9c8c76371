"""The geo commands compared with the oracle, in both protocols, on sorted sets of both encodings."""

import itertools
import random

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from support.pair import Pair

LIMITS = {"listpack": {}, "skiplist": {"zset_max_listpack_entries": 0}}
# Longitude, latitude; three in Sicily, some at the limits.
PLACES = {
    "Palermo": ("13.361389", "38.115556"),
    "Catania": ("15.087269", "37.502669"),
    "Agrigento": ("13.583333", "37.316667"),
    "edge1": ("12.758489", "38.788135"),
    "edge2": ("17.241510", "38.788135"),
    "Greenwich": ("0", "51.476852"),
    "Quito": ("-78.467834", "-0.180653"),
    "Suva": ("178.441895", "-18.124809"),
    "Apia": ("-171.760764", "-13.833333"),
    "Tromsø": ("18.956515", "69.649208"),
    "Alert": ("-62.338889", "82.501667"),
    "corner": ("180", "85.05112878"),
    "other corner": ("-180", "-85.05112878"),
    "77": ("-58.450000", "-62.083333"),
    "zero": ("0", "0"),
}


@pytest.fixture(params=LIMITS, ids=LIMITS.keys())
def geo(pair, request):
    """The pair with some places of the world, as a listpack and as a skiplist."""
    with pair.config(**LIMITS[request.param]):
        pair.setup("GEOADD", "world", *[word for name, place in PLACES.items() for word in (*place, name)])
        yield pair


COMMANDS = [
    ["GEOADD", "k", 1, 2, "m"],
    ["GEODIST", "k", "a", "b"],
    ["GEOHASH", "k", "a"],
    ["GEOPOS", "k", "a"],
    ["GEORADIUS", "k", 1, 2, 3, "km"],
    ["GEORADIUS", "k", 1, 2, 3, "km", "STORE", "target"],
    ["GEORADIUS_RO", "k", 1, 2, 3, "km", "WITHDIST"],
    ["GEORADIUSBYMEMBER", "k", "a", 3, "km"],
    ["GEORADIUSBYMEMBER", "k", "a", 3, "km", "STOREDIST", "target"],
    ["GEORADIUSBYMEMBER_RO", "k", "a", 3, "km"],
    ["GEOSEARCH", "k", "FROMMEMBER", "a", "BYRADIUS", 3, "km"],
    ["GEOSEARCH", "k", "FROMLONLAT", 1, 2, "BYBOX", 3, 4, "km"],
    ["GEOSEARCHSTORE", "target", "k", "FROMLONLAT", 1, 2, "BYBOX", 3, 4, "km"],
]
by_name = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(map(str, command[:7])))


@by_name
def test_a_key_of_another_type_is_refused(pair, command):
    pair.setup("SET", "k", "text")
    pair.setup("SET", "target", "old")
    pair.check(*command)
    pair.check("GET", "k")
    pair.check("GET", "target")


@by_name
def test_an_absent_key_is_an_empty_set(pair, command):
    pair.setup("SET", "target", "old")
    pair.check(*command)
    pair.check("EXISTS", "target")


@by_name
def test_too_few_arguments_are_refused(pair, command):
    pair.setup("GEOADD", "k", 1, 2, "a")
    for count in range(1, len(command)):
        pair.check(*command[:count])


# ---- GEOADD ----


def test_members_are_added_with_their_hash_as_score(geo):
    geo.check("ZRANGE", "world", 0, -1, "WITHSCORES")
    geo.check("OBJECT", "ENCODING", "world")
    geo.check("GEOADD", "world", *PLACES["zero"], "Palermo", *PLACES["zero"], "new")
    geo.check("ZRANGE", "world", 0, -1, "WITHSCORES")
    geo.digest()


@pytest.mark.parametrize("options", list(itertools.product(["", "NX", "XX", "xx"], ["", "CH", "ch"])))
def test_conditions_and_changes(geo, options):
    words = [word for word in options if word]
    geo.check("GEOADD", "world", *words, *PLACES["zero"], "zero", 1, 1, "Quito", 2, 2, "new")
    geo.check("GEOADD", "world", *reversed(words), 3, 3, "zero")
    geo.check("GEOADD", "fresh", *words, 3, 3, "zero")
    geo.check("ZRANGE", "world", 0, -1, "WITHSCORES")
    geo.check("EXISTS", "fresh")


@pytest.mark.parametrize(
    "rest",
    [
        ["NX", "XX", 1, 2, "m"],
        ["NX", "CH", "XX", 1, 2, "m"],
        ["CH"],
        [1, 2],
        [1, 2, "m", 3],
        [1, 2, "m", 3, 4],
        ["GT", 1, 2, "m"],
        ["x", 2, "m"],
        [1, "x", "m"],
        [181, 2, "m"],
        ["-180.0001", 2, "m"],
        [1, "85.06", "m"],
        [1, "-85.06", "m"],
        [1, 2, "m", 1, 200, "n"],
        ["nan", 2, "m"],
        ["inf", 2, "m"],
        ["1e400", 2, "m"],
        ["1e300", 2, "m"],
        ["", 2, "m"],
        [" 1", 2, "m"],
        ["0x10", "1e1", "m"],
        ["NX", "NX", "CH", "CH", 1, 2, "m"],
    ],
    ids=lambda rest: "-".join(map(str, rest)),
)
def test_a_wrong_addition_adds_nothing(pair, rest):
    pair.check("GEOADD", "k", *rest)
    pair.check("ZRANGE", "k", 0, -1, "WITHSCORES")


def test_many_members_at_once(pair2):
    chosen = random.Random(1)
    members = [(chosen.uniform(-180, 180), chosen.uniform(-85, 85), f"member:{number}") for number in range(500)]
    pair2.check("GEOADD", "k", *itertools.chain(*members))
    pair2.check("OBJECT", "ENCODING", "k")
    pair2.check("ZRANGE", "k", 0, -1, "WITHSCORES")


# ---- members by name ----


@pytest.mark.parametrize("unit", ["", "m", "km", "ft", "mi", "KM", "Mi"])
def test_the_distance_between_any_two(geo, unit):
    for first, second in itertools.product(PLACES, PLACES):
        geo.check("GEODIST", "world", first, second, *([unit] if unit else []))


def test_distances_that_cannot_be_told(geo):
    geo.check("GEODIST", "world", "Palermo", "nobody")
    geo.check("GEODIST", "world", "nobody", "Palermo", "km")
    geo.check("GEODIST", "world", "Palermo", "Catania", "yd")
    geo.check("GEODIST", "world", "Palermo", "Catania", "")
    geo.check("GEODIST", "world", "Palermo", "Catania", "m", "m")
    geo.check("GEODIST", "absent", "Palermo", "Catania", "yd")


def test_texts_and_positions(geo):
    for command in ("GEOHASH", "GEOPOS"):
        geo.check(command, "world", *PLACES, "nobody")
        geo.check(command, "world")
        geo.check(command, "absent", "Palermo", "nobody")
        geo.check(command, "absent")


@pytest.mark.parametrize(
    "score", ["0", "1", "-1", "0.5", "1e10", "-1e18", "4503599627370495", "4503599627370496", "1e18"]
)
def test_scores_that_no_position_has(pair, score):
    pair.setup("ZADD", "k", score, "m", 3479099956230698, "Palermo")
    pair.check("GEOPOS", "k", "m")
    pair.check("GEOHASH", "k", "m")
    pair.check("GEODIST", "k", "m", "Palermo")
    pair.check("GEOSEARCH", "k", "FROMMEMBER", "m", "BYRADIUS", 100, "km", "ASC", "WITHHASH")


# ---- searching ----

TOLD = [[], ["WITHDIST"], ["WITHHASH", "WITHCOORD"], ["WITHCOORD", "WITHDIST", "WITHHASH", "ASC"]]


@pytest.mark.parametrize("told", TOLD, ids=" ".join)
def test_circles_and_boxes_around_every_place(geo, told):
    for name, place in PLACES.items():
        for reach in (0, 1, 90_000, 200_000, 5_000_000, 25_000_000):
            geo.check("GEOSEARCH", "world", "FROMMEMBER", name, "BYRADIUS", reach, "m", *told)
            geo.check("GEOSEARCH", "world", "FROMLONLAT", *place, "BYBOX", reach * 2, reach, "m", *told)
            geo.check("GEORADIUS", "world", *place, reach / 1000, "km", *told)
            geo.check("GEORADIUSBYMEMBER", "world", name, reach, "ft", *told)


@pytest.mark.parametrize("order", [[], ["ASC"], ["DESC"], ["asc", "DESC"]], ids=" ".join)
@pytest.mark.parametrize(
    "count", [[], ["COUNT", 1], ["COUNT", 4], ["COUNT", 100], ["COUNT", 3, "ANY"], ["ANY", "count", 2]]
)
def test_order_and_count(geo, order, count):
    for area in (["BYRADIUS", 3000, "km"], ["BYBOX", 8000, 4000, "km"], ["BYRADIUS", 20000, "mi"]):
        geo.check("GEOSEARCH", "world", "FROMMEMBER", "Catania", *area, *order, *count, "WITHDIST")
    geo.check("GEORADIUS", "world", 15, 37, 2000, "km", *count, *order, "WITHDIST")
    geo.check("GEORADIUS_RO", "world", 15, 37, 2000, "km", *count, *order)
    geo.check("GEORADIUSBYMEMBER_RO", "world", "Catania", 2000, "km", *count, *order, "WITHCOORD")


def test_many_random_areas_find_the_same(pair2):
    chosen = random.Random(42)
    for number in range(600):
        pair2.setup("GEOADD", "k", chosen.uniform(-180, 180), chosen.uniform(-85, 85), number)
    for number in range(600):
        pair2.setup("GEOADD", "near", 13 + chosen.uniform(-1, 1), 38 + chosen.uniform(-1, 1), f"m{number}")
    for _ in range(400):
        key, spread = chosen.choice([("k", (180, 85, 7e6)), ("near", (1.5, 1.5, 2e5))])
        middle = (0, 0) if key == "k" else (13, 38)
        center = [middle[side] + chosen.uniform(-spread[side], spread[side]) for side in (0, 1)]
        reach = chosen.uniform(0, spread[2])
        area = chosen.choice([["BYRADIUS", reach, "m"], ["BYBOX", reach, reach * chosen.uniform(0.1, 3), "m"]])
        rest = chosen.choice([[], ["COUNT", 5], ["COUNT", 7, "ANY"], ["DESC"], ["DESC", "COUNT", 3]])
        pair2.check("GEOSEARCH", key, "FROMLONLAT", *center, *area, *rest, "WITHDIST", "WITHHASH", "WITHCOORD")


@pytest.mark.parametrize("latitude", [65.9, 66.1, 74, 79.9, 80.1, 83, 84.9])
@pytest.mark.parametrize("pole", [1, -1], ids=["north", "south"])
def test_areas_near_the_poles_find_the_same_in_the_same_order(pair2, latitude, pole):
    """Near the poles larger cells are searched; a reply without ASC or DESC has the order of the cells."""
    chosen = random.Random(latitude)
    spread = min(6, 85 - latitude)
    for number in range(300):
        place = chosen.uniform(-40, 40), pole * (latitude + chosen.uniform(-6, spread))
        pair2.setup("GEOADD", "k", *place, number)
    for _ in range(60):
        center = chosen.uniform(-20, 20), pole * latitude
        reach = 10 ** chosen.uniform(3, 6.3)
        area = chosen.choice([["BYRADIUS", reach, "m"], ["BYBOX", reach, reach * chosen.uniform(0.3, 3), "m"]])
        rest = chosen.choice([[], ["ASC"], ["COUNT", 7, "ANY"]])
        pair2.check("GEOSEARCH", "k", "FROMLONLAT", *center, *area, *rest, "WITHDIST")


BY = ["BYRADIUS", 1, "km"]
FROM = ["FROMLONLAT", 1, 2]


@pytest.mark.parametrize(
    "rest",
    [
        [*FROM, *FROM],
        [*FROM, *BY, *FROM],
        [*FROM, *BY, *BY],
        [*FROM, *BY, "BYBOX", 1, 1, "m"],
        [*FROM, "BYBOX", 1, 1, "m", *BY],
        [*FROM, *BY, "FROMMEMBER", "Palermo"],
        ["FROMMEMBER", "Palermo", *FROM, *BY],
        ["FROMMEMBER", "Palermo", *BY, "FROMMEMBER", "Quito"],
        ["FROMMEMBER", "nobody", *BY],
        ["FROMMEMBER", *BY],
        [*BY, "ASC", "DESC", "ASC"],
        ["BYBOX", 1, 1, "km", "COUNT", 1],
        [*FROM, "ASC", "DESC", "COUNT", 1],
        [*FROM, *BY, "COUNT", 0],
        [*FROM, *BY, "COUNT", -1],
        [*FROM, *BY, "COUNT", "x"],
        [*FROM, *BY, "COUNT"],
        [*FROM, *BY, "ANY"],
        [*FROM, *BY, "STORE", "target"],
        [*FROM, *BY, "STOREDIST"],
        [*FROM, *BY, "WITHDIST"],
        [*FROM, *BY, "BAD"],
        [*FROM, "BYRADIUS", -1, "m"],
        [*FROM, "BYRADIUS", "x", "m"],
        [*FROM, "BYRADIUS", "nan", "m"],
        [*FROM, "BYRADIUS", 1, "x"],
        [*FROM, "BYBOX", -1, 1, "m"],
        [*FROM, "BYBOX", 1, -1, "m"],
        [*FROM, "BYBOX", "x", 1, "m"],
        [*FROM, "BYBOX", 1, "x", "m"],
        [*FROM, "BYBOX", 1, 1, "x"],
        ["FROMLONLAT", 181, 2, *BY],
        ["FROMLONLAT", 1, "x", *BY],
        ["FROMLONLAT", 1, "BYRADIUS", 1, "m", "ASC"],
    ],
    ids=lambda rest: "-".join(map(str, rest)),
)
def test_a_wrong_search_is_refused(geo, rest):
    for key in ("world", "absent"):
        geo.check("GEOSEARCH", key, *rest)
        geo.check("geosearch", key, *rest)
        geo.setup("SET", "target", "old")
        geo.check("GEOSEARCHSTORE", "target", key, *rest)
        geo.check("TYPE", "target")


@pytest.mark.parametrize(
    "rest",
    [
        ["x", 2, 1, "m"],
        [1, 200, 1, "m"],
        [1, 2, "x", "m"],
        [1, 2, -1, "m"],
        [1, 2, 1, "x"],
        [1, 2, 1, "m", "STORE"],
        [1, 2, 1, "m", "WITHDIST", "STORE", "target"],
        [1, 2, 1, "m", "STOREDIST", "target", "WITHHASH"],
        [1, 2, 1, "m", "COUNT", 0],
        [1, 2, 1, "m", "ANY"],
        [1, 2, 1, "m", "ANY", "COUNT"],
        [1, 2, 1, "m", *FROM],
        [1, 2, 1, "m", "BYRADIUS", 1, "m"],
    ],
    ids=lambda rest: "-".join(map(str, rest)),
)
def test_a_wrong_circle_is_refused(geo, rest):
    for key, command in itertools.product(("world", "absent"), ("GEORADIUS", "GEORADIUS_RO")):
        geo.check(command, key, *rest)
        geo.check(f"{command.replace('US', 'USBYMEMBER')}", key, "Palermo", *rest[2:])
        geo.check(f"{command.replace('US', 'USBYMEMBER')}", key, "nobody", *rest[2:])
    geo.check("EXISTS", "target")


# ---- storing ----


def check_scores(pair, key):
    """Compare the scores as numbers: 7.4 prints doubles with the shortest digits, 7.0 with seventeen."""
    pair.check("ZRANGE", key, 0, -1)
    for member in pair.ours.must("ZRANGE", key, 0, -1):
        pair.check("ZSCORE", key, member, by=float)


def test_what_was_found_is_stored(geo):
    for rest in ([], ["COUNT", 2], ["STOREDIST"], ["DESC", "COUNT", 2, "STOREDIST"], ["COUNT", 2, "ANY"]):
        geo.check("GEOSEARCHSTORE", "target", "world", "FROMMEMBER", "Catania", "BYRADIUS", 300, "km", *rest)
        check_scores(geo, "target")
        geo.check("OBJECT", "ENCODING", "target")
    for rest in (
        ["STORE", "t"],
        ["STOREDIST", "t"],
        ["STORE", "x", "STOREDIST", "t"],
        ["STOREDIST", "x", "STORE", "t"],
    ):
        geo.check("GEORADIUS", "world", 15, 37, 300, "km", *rest)
        check_scores(geo, "t")
        geo.check("GEORADIUSBYMEMBER", "world", "Quito", 300, "mi", *rest)
        check_scores(geo, "t")
        geo.check("GEORADIUS_RO", "world", 15, 37, 300, "km", *rest)
    geo.digest()


def test_the_target_loses_its_old_value_and_may_be_the_source(geo):
    geo.setup("SET", "target", "old", "EX", 1000)
    geo.check("GEOSEARCHSTORE", "target", "world", *FROM, "BYRADIUS", 5000, "km")
    geo.check("TTL", "target")
    geo.check("GEOSEARCHSTORE", "target", "world", *FROM, "BYRADIUS", 0, "km")
    geo.check("EXISTS", "target")
    geo.check("GEOSEARCHSTORE", "world", "world", "FROMMEMBER", "Catania", "BYRADIUS", 300, "km", "STOREDIST")
    check_scores(geo, "world")
    geo.check("GEORADIUS", "world", 150, 37, 300, "km", "STORE", "world")
    geo.check("EXISTS", "world")


@pytest.mark.parametrize(
    "words",
    [
        "GEORADIUS k 1 2 3 km",
        "GEORADIUS k 1 2 3 km STORE target",
        "GEORADIUS k 1 2 3 km ASC STOREDIST target",
        "GEORADIUSBYMEMBER k m 3 km STORE target",
        "GEOSEARCHSTORE target k FROMMEMBER m BYRADIUS 3 km",
    ],
)
def test_the_keys_of_a_search_are_told(pair, words):
    pair.check("COMMAND", "GETKEYSANDFLAGS", *words.split())


# ---- sequences, persistence, redis-py ----

NAMES = st.sampled_from(["a", "b", "c", "d", "12", "34"])
KEYS = st.sampled_from(["x", "y"])
COORDINATES = st.tuples(st.integers(-18000, 18000), st.integers(-8500, 8500)).map(
    lambda drawn: (drawn[0] / 100, drawn[1] / 100)
)
AREAS = st.one_of(
    st.integers(0, 9000).map(lambda reach: ("BYRADIUS", reach, "km")),
    st.tuples(st.integers(0, 9000), st.integers(0, 9000)).map(lambda sides: ("BYBOX", *sides, "mi")),
)
STEPS = st.one_of(
    st.tuples(KEYS, COORDINATES, NAMES).map(lambda drawn: ("GEOADD", drawn[0], *drawn[1], drawn[2])),
    st.tuples(KEYS, COORDINATES, NAMES).map(lambda drawn: ("GEOADD", drawn[0], "XX", "CH", *drawn[1], drawn[2])),
    st.tuples(KEYS, COORDINATES, AREAS).map(lambda drawn: ("GEOSEARCH", drawn[0], "FROMLONLAT", *drawn[1], *drawn[2])),
    st.tuples(KEYS, KEYS, NAMES, AREAS).map(
        lambda drawn: ("GEOSEARCHSTORE", *drawn[:2], "FROMMEMBER", drawn[2], *drawn[3])
    ),
    st.tuples(st.just("GEODIST"), KEYS, NAMES, NAMES),
    st.tuples(st.just("GEOPOS"), KEYS, NAMES),
    st.tuples(st.just("ZREM"), KEYS, NAMES),
)


def test_any_sequence_gives_the_same_replies_and_the_same_data(session_ours, session_oracle):
    @settings(max_examples=60)
    @given(st.lists(STEPS, max_size=30))
    def run(steps):
        with Pair(session_ours, session_oracle) as pair:
            pair.setup("FLUSHALL")
            for step in steps:
                pair.check(*step)
            pair.digest()

    run()


def test_a_restart_brings_all_places_back(start_ours):
    server = start_ours("--appendonly", "yes", "--enable-debug-command", "yes")
    with server.client() as client:
        client.must("GEOADD", "world", *[word for name, place in PLACES.items() for word in (*place, name)])
        client.must("GEOADD", "world", "XX", "CH", 1, 1, "zero")
        client.must("GEOSEARCHSTORE", "near", "world", "FROMMEMBER", "Catania", "BYRADIUS", 300, "km")
        client.must("GEORADIUS", "world", 15, 37, 300, "km", "COUNT", 2, "STOREDIST", "distances")
        client.must("GEORADIUSBYMEMBER", "world", "Quito", 1, "km", "STORE", "one")
        digest = client.must("DEBUG", "DIGEST")
    server.restart(crash=True)
    with server.client() as client:
        assert client.must("DEBUG", "DIGEST") == digest


@pytest.mark.parametrize("resp", [2, 3])
def test_the_typed_methods_of_redis_py(shared_ours, resp):
    with redis.Redis(port=shared_ours.port, protocol=resp, decode_responses=True) as client:
        sicily = [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]
        assert client.geoadd("sicily", sicily) == 2
        assert float(client.geodist("sicily", "Palermo", "Catania", "km")) == 166.2742
        assert client.geohash("sicily", "Palermo") == ["sqc8b49rny0"]
        assert client.geopos("sicily", "Palermo", "nobody")[0] == pytest.approx((13.361389, 38.115556), abs=1e-5)
        found = client.geosearch("sicily", longitude=15, latitude=37, radius=200, unit="km", sort="ASC", withdist=True)
        assert found == [["Catania", 56.4413], ["Palermo", 190.4424]]
        assert client.geosearchstore("t", "sicily", member="Palermo", width=400, height=400, unit="km") == 2
        assert client.georadius("sicily", 15, 37, 100, "km") == ["Catania"]
        assert client.georadiusbymember("sicily", "Palermo", 1, "km", store_dist="d") == 1
