"""The methods of places that no row of `method_table` describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyredis.embedded.api.api_types import Key, Value
from pyredis.embedded.api.argument_forms import UNITS, chosen, one_of
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.client_errors import data_error
from pyredis.embedded.api.conversions import float_or_none, found_places, point


class GeoByHand(Caller):
    def geoadd(self, name: Key, values: Sequence[Value], nx: bool = False, xx: bool = False, ch: bool = False) -> int:
        """Adds places: longitude, latitude and name of each in turn."""
        one_of("nx and xx", nx or None, xx or None)
        if len(values) % 3:
            raise data_error("values needs a longitude, a latitude and a name for each place")
        options = ((b"NX", nx), (b"XX", xx), (b"CH", ch))
        return self._call((b"GEOADD", name, *(word for word, given in options if given), *values))

    def geodist(self, name: Key, place1: Value, place2: Value, unit: str | None = None) -> float | None:
        """Returns the distance between two places, in metres unless a unit is given."""
        more = (chosen("unit", unit, UNITS),) if unit else ()
        return self._call((b"GEODIST", name, place1, place2, *more), float_or_none)

    def georadius(
        self,
        name: Key,
        longitude: float,
        latitude: float,
        radius: float,
        unit: str | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: str | None = None,
        store: Key | None = None,
        store_dist: Key | None = None,
        any: bool = False,
    ) -> Any:
        """Returns or stores the places around a point."""
        words = [b"GEORADIUS", name, longitude, latitude, radius]
        options = (unit, withdist, withcoord, withhash, count, sort, store, store_dist, any)
        return self._around(words, *options)

    def georadiusbymember(
        self,
        name: Key,
        member: Value,
        radius: float,
        unit: str | None = None,
        withdist: bool = False,
        withcoord: bool = False,
        withhash: bool = False,
        count: int | None = None,
        sort: str | None = None,
        store: Key | None = None,
        store_dist: Key | None = None,
        any: bool = False,
    ) -> Any:
        """Returns or stores the places around another place."""
        words = [b"GEORADIUSBYMEMBER", name, member, radius]
        options = (unit, withdist, withcoord, withhash, count, sort, store, store_dist, any)
        return self._around(words, *options)

    def _around(
        self,
        words: list[Any],
        unit: str | None,
        withdist: bool,
        withcoord: bool,
        withhash: bool,
        count: int | None,
        sort: str | None,
        store: Key | None,
        store_dist: Key | None,
        any: bool,
    ) -> Any:
        words.append(chosen("unit", unit, UNITS) if unit else b"m")
        if any and count is None:
            raise data_error("any needs count")
        words += _columns(withdist, withcoord, withhash)
        if count is not None:
            words += (b"COUNT", count, *((b"ANY",) if any else ()))
        if sort:
            words.append(chosen("sort", sort, ("ASC", "DESC")))
        one_of("store and store_dist", store or None, store_dist or None)
        if store:
            words += (b"STORE", store)
        if store_dist:
            words += (b"STOREDIST", store_dist)
        return self._call(words, None if store or store_dist else _places(withdist, withcoord, withhash))

    def geosearch(
        self,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
    ) -> list[Any]:
        """Returns the places in a circle or a box."""
        words = [b"GEOSEARCH", name, *_area(member, longitude, latitude, unit, radius, width, height)]
        words += (*_chosen_places(sort, count, any), *_columns(withdist, withcoord, withhash))
        return self._call(words, _places(withdist, withcoord, withhash))

    def geosearchstore(
        self,
        dest: Key,
        name: Key,
        member: Value | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: str = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: str | None = None,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
    ) -> int:
        """Stores the places in a circle or a box in another key."""
        words = [b"GEOSEARCHSTORE", dest, name, *_area(member, longitude, latitude, unit, radius, width, height)]
        words += (*_chosen_places(sort, count, any), *((b"STOREDIST",) if storedist else ()))
        return self._call(words)


def _area(
    member: Value | None,
    longitude: float | None,
    latitude: float | None,
    unit: str,
    radius: float | None,
    width: float | None,
    height: float | None,
) -> list[Any]:
    """Returns the words of the centre and of the circle or box."""
    if member is None and (longitude is None or latitude is None):
        raise data_error("member, or longitude and latitude, must be given")
    if member and (longitude or latitude):
        raise data_error("member cannot be given with longitude or latitude")
    if radius is None and (width is None or height is None):
        raise data_error("radius, or width and height, must be given")
    if unit is None:
        raise data_error("unit must be given")
    chosen("unit", unit.lower(), UNITS)
    if radius and (width or height):
        raise data_error("radius cannot be given with width or height")
    words: list[Any] = [b"FROMMEMBER", member] if member else []
    if longitude is not None and latitude is not None:
        words += (b"FROMLONLAT", longitude, latitude)
    if radius:
        words += (b"BYRADIUS", radius, unit)
    if width and height:
        words += (b"BYBOX", width, height, unit)
    return words


def _chosen_places(sort: str | None, count: int | None, any: bool) -> list[Any]:
    """Returns the words of the order and the number of places."""
    words: list[Any] = [chosen("sort", sort.upper(), ("ASC", "DESC"))] if sort else []
    if any and not count:
        raise data_error("any needs count")
    if count:
        words += (b"COUNT", count, *((b"ANY",) if any else ()))
    return words


def _columns(withdist: bool, withcoord: bool, withhash: bool) -> list[bytes]:
    options = ((b"WITHDIST", withdist), (b"WITHCOORD", withcoord), (b"WITHHASH", withhash))
    return [word for word, given in options if given]


def _places(withdist: bool, withcoord: bool, withhash: bool) -> Any:
    """Returns the converter: the server replies with these columns in this order."""
    columns = ((float, withdist), (int, withhash), (point, withcoord))
    return found_places(*(column for column, given in columns if given))
