"""Python handles for geohashes, used only by the tests. Positions are (longitude, latitude)."""

from pyredis.types.sorted_set.geohash cimport (
    GEO_CELLS,
    GEO_TEXT,
    HashRange,
    Position,
    Shape,
    geo_cover,
    geo_decode,
    geo_distance,
    geo_encode,
    geo_from_score,
    geo_is_valid,
    geo_text,
    geo_within,
)


cdef Position position_of(place):
    cdef Position position
    position.longitude, position.latitude = place
    return position


cdef Shape shape_of(center, radius, box):
    cdef Shape shape
    shape.center = position_of(center)
    shape.is_box = box is not None
    shape.radius = 0 if box is not None else radius
    shape.width, shape.height = box or (0, 0)
    return shape


def is_valid(place):
    return geo_is_valid(position_of(place))


def encode(place):
    return geo_encode(position_of(place))


def decode(hash):
    cdef Position position = geo_decode(hash)
    return position.longitude, position.latitude


def from_score(double score):
    return geo_from_score(score)


def text(place):
    cdef char out[GEO_TEXT]
    geo_text(position_of(place), out)
    return out[:GEO_TEXT].decode()


def distance(a, b):
    return geo_distance(position_of(a), position_of(b))


def within(center, place, radius=0, box=None):
    """Returns the distance from the center, or None if the position is outside the shape."""
    cdef Shape shape = shape_of(center, radius, box)
    cdef double found
    return found if geo_within(&shape, position_of(place), &found) else None


def cover(center, radius=0, box=None):
    cdef Shape shape = shape_of(center, radius, box)
    cdef HashRange ranges[GEO_CELLS]
    return [(ranges[index].first, ranges[index].end) for index in range(geo_cover(&shape, ranges))]
