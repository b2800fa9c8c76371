"""Places on the earth as numbers of 52 bits: 26 of longitude and 26 of latitude, interleaved, longitude first.

What is near in both directions mostly shares its highest bits, so an area is a few ranges of numbers: the cell of a
coarser grid (2**step by 2**step cells) that the middle lies in, and its neighbours. Latitudes are those of Web
Mercator, within GEO_LATITUDE_MAX; longitudes within 180 degrees. Distances are metres on a sphere.
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

# A circle, or a box whose sides are parallels and meridians. Metres; `radius` counts where `is_box` does not.
ctypedef struct Shape:
    Position center
    bint is_box
    double radius
    double width
    double height

# Numbers from `first` on, below `end`.
ctypedef struct HashRange:
    uint64_t first
    uint64_t end

cdef bint geo_is_valid(Position position) noexcept nogil
# Of a valid position.
cdef uint64_t geo_encode(Position position) noexcept nogil
# The middle of the cell; of any number, a valid position.
cdef Position geo_decode(uint64_t hash) noexcept nogil
# A score as a geohash, whatever the score is.
cdef uint64_t geo_from_score(double score) noexcept nogil
cdef double geo_distance(Position a, Position b) noexcept nogil
# Whether the shape has the position, and then how far that is from its center.
cdef bint geo_within(const Shape *shape, Position position, double *distance) noexcept nogil
# The numbers among which all that the shape has is found, in the order in which Redis looks; returns how many ranges.
cdef int geo_cover(const Shape *shape, HashRange *ranges) noexcept nogil
# The geohash as other systems write it: GEO_TEXT characters.
cdef void geo_text(Position position, char *out) noexcept nogil
