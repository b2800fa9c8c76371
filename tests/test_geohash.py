"""Geohashes against a model in Python floats, and that the cells of an area cover all of it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyredis.types.handles import geohash_handle as geo

LATITUDE = 85.05112878
RADIUS = 6372797.560856
END = 1 << 52

PLACES = st.tuples(st.floats(-180, 180), st.floats(-LATITUDE, LATITUDE))
# Away from the poles and the date line, where areas would be cut off.
INNER = st.tuples(st.floats(-150, 150), st.floats(-60, 60))
REACHES = st.one_of(st.just(0.0), st.floats(0.1, 1_000_000), st.floats(0.1, 5000))


def column(value: float, most: float) -> int:
    return int((value + most) / (most + most) * 2**26)


def model(place) -> int:
    x, y = column(place[0], 180), column(place[1], LATITUDE)
    return sum((y >> bit & 1) << 2 * bit | (x >> bit & 1) << 2 * bit + 1 for bit in range(27))


def haversine(a, b) -> float:
    south, north = math.radians(a[1]), math.radians(b[1])
    u, v = math.sin((north - south) / 2), math.sin(math.radians(b[0] - a[0]) / 2)
    return 2 * RADIUS * math.asin(math.sqrt(u * u + math.cos(south) * math.cos(north) * v * v))


@given(PLACES)
def test_positions_are_interleaved_longitude_first(place):
    assert geo.is_valid(place)
    assert geo.encode(place) == model(place)


@given(PLACES)
def test_a_decoded_position_is_the_middle_of_its_cell(place):
    found = geo.decode(geo.encode(place))
    assert abs(found[0] - place[0]) <= 180.001 / 2**26
    assert abs(found[1] - place[1]) <= 85.052 / 2**26
    assert geo.encode(found) == geo.encode(place) or 180 in map(abs, place) or LATITUDE in map(abs, place)


@given(st.integers(0, 2**64 - 1))
def test_any_number_decodes_to_a_valid_position(number):
    assert geo.is_valid(geo.decode(number))


@pytest.mark.parametrize(
    ("score", "number"),
    [
        *[(0.0, 0), (1.9, 1), (-1.0, 2**64 - 1), (2.0**52, 2**52), (2.0**63, 2**63), (-(2.0**63), 2**63)],
        *[(2.0**64, 0), (-(2.0**64), 0), (math.inf, 0), (-math.inf, 0), (1e300, 0)],
    ],
)
def test_any_score_is_a_number(score, number):
    assert geo.from_score(score) == number


@pytest.mark.parametrize("place", [(180.1, 0), (-180.1, 0), (0, 85.06), (0, -85.06), (0, 90), (math.inf, 0)])
def test_what_lies_outside_is_not_valid(place):
    assert not geo.is_valid(place)


def test_the_text_is_that_of_other_systems():
    """The values are the well-known examples of geohashes."""
    assert geo.text((-5.6, 42.6)).startswith("ezs42")
    assert geo.text((10.40744, 57.64911)).startswith("u4pruydqqv"[:9])
    assert geo.text((13.361389, 38.115556)) == "sqc8b49rny0"


@given(PLACES, PLACES)
def test_distances_are_those_of_the_haversine_formula(a, b):
    assert geo.distance(a, b) == pytest.approx(haversine(a, b), rel=1e-9, abs=1e-3)
    assert geo.distance(a, a) == 0


def covered(ranges, place) -> bool:
    number = geo.encode(place)
    return any(first <= number < end for first, end in ranges)


@given(INNER, REACHES)
def test_ranges_are_aligned_and_apart(center, radius):
    ranges = geo.cover(center, radius)
    assert 1 <= len(ranges) <= 9
    sizes = {end - first for first, end in ranges}
    assert len(sizes) == 1
    assert all(first % (end - first) == 0 and end <= END for first, end in ranges)
    assert covered(ranges, center)


@settings(max_examples=300)
@given(INNER, REACHES, st.floats(0, 360), st.floats(0, 1))
def test_an_area_leaves_out_nothing_of_a_circle(center, radius, bearing, part):
    angle, reach = math.radians(bearing), part * radius / RADIUS
    latitude = center[1] + math.degrees(reach * math.cos(angle))
    place = (center[0] + math.degrees(reach * math.sin(angle) / math.cos(math.radians(latitude))), latitude)
    found = geo.within(center, place, radius)
    assert (found is not None) == (geo.distance(center, place) <= radius)
    if found is not None:
        assert found == geo.distance(center, place)
        assert covered(geo.cover(center, radius), place)


@settings(max_examples=300)
@given(INNER, st.tuples(REACHES, REACHES), st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_an_area_leaves_out_nothing_of_a_box(center, box, east, north):
    width, height = box
    latitude = center[1] + math.degrees(north * height / RADIUS)
    place = (center[0] + math.degrees(east * width / RADIUS / math.cos(math.radians(latitude))), latitude)
    found = geo.within(center, place, box=box)
    if abs(east) < 0.49 and abs(north) < 0.49:
        assert found is not None
    if abs(north) > 0.51 and height > 1:
        assert found is None
    if found is not None:
        assert found == geo.distance(center, place)
        assert covered(geo.cover(center, box=box), place)


@given(PLACES, st.floats(0, 30_000_000))
def test_a_cover_is_found_anywhere_and_for_any_reach(center, reach):
    for ranges in (geo.cover(center, reach), geo.cover(center, box=(reach, reach / 3))):
        assert 1 <= len(ranges) <= 9
        assert all(0 <= first < end for first, end in ranges)
