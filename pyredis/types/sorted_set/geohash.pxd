"""Positions on the earth as numbers of 52 bits: 26 of longitude and 26 of latitude, interleaved, longitude first.

Positions near each other mostly share their highest bits, so an area is covered by a few ranges of numbers: the cell of
a coarser grid (2**step by 2**step cells) that contains the center, and its neighbours. Latitudes are limited to those
of Web Mercator, GEO_LATITUDE_MAX, and longitudes to 180 degrees. Distances are in metres, on a sphere.
"""

from libc.stdint cimport uint64_t

cdef enum:
    GEO_CELLS = 9           # a cell and its neighbours
    GEO_TEXT = 11           # characters of a geohash

cdef double GEO_LONGITUDE_MAX
cdef double GEO_LATITUDE_MAX

# Degrees.
ctypedef struct Position:
    double longitude
    double latitude

# A box whose sides are parallels and meridians, if `is_box`; otherwise a circle of this `radius`. In metres.
ctypedef struct Shape:
    Position center
    bint is_box
    double radius
    double width
    double height

# The numbers from `first` to `end`, without `end`.
ctypedef struct HashRange:
    uint64_t first
    uint64_t end

cdef bint geo_is_valid(Position position) noexcept nogil
# The position must be valid.
cdef uint64_t geo_encode(Position position) noexcept nogil
# Returns the middle of the cell: a valid position for any number.
cdef Position geo_decode(uint64_t hash) noexcept nogil
# Converts any score to a geohash.
cdef uint64_t geo_from_score(double score) noexcept nogil
cdef double geo_distance(Position a, Position b) noexcept nogil
# Returns whether the shape contains the position, and if so sets `distance` to its distance from the center.
cdef bint geo_within(const Shape *shape, Position position, double *distance) noexcept nogil
# Writes ranges of numbers that cover the shape, at most GEO_CELLS, in the order in which Redis searches them. Returns
# how many.
cdef int geo_cover(const Shape *shape, HashRange *ranges) noexcept nogil
# Writes the standard geohash, which other systems use: GEO_TEXT characters.
cdef void geo_text(Position position, char *out) noexcept nogil
