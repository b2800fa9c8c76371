"""Geo methods, generated from `method_table` by ``python -m pyredis.docs methods``."""

from __future__ import annotations

from pyredis.embedded.api.api_types import Key, Point, Value
from pyredis.embedded.api.caller import Caller
from pyredis.embedded.api.conversions import points, texts


class GeoMethods(Caller):
    def geohash(self, name: Key, *values: Value) -> list[str | None]:
        """Returns the positions of members as geohash strings."""
        return self._call((b"GEOHASH", name, *values), texts)

    def geopos(self, name: Key, *values: Value) -> list[Point | None]:
        """Returns the positions of members as longitude and latitude."""
        return self._call((b"GEOPOS", name, *values), points)
