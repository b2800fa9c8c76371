"""Interleaving, cells and their neighbours, and distances; the contracts are in ``geohash.pxd``.

Floating-point operations are in the same order as in Redis, so distances have the same digits, and areas the same
edges.
"""

from libc.math cimport M_PI, asin, cos, fabs, sin, sqrt
from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef double GEO_LONGITUDE_MAX = 180
cdef double GEO_LATITUDE_MAX = 85.05112878

cdef double EARTH_RADIUS = 6372797.560856       # metres
cdef double MERCATOR_MAX = 20037726.37          # metres from its middle to its edge
cdef double DEGREE = M_PI / 180
cdef double SIGNED_END = 9223372036854775808.0  # 2**63

cdef const char *LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"

cdef enum:
    STEPS = 26                  # bits of a coordinate

cdef uint64_t LONGITUDES = 0xaaaaaaaaaaaaaaaaULL
cdef uint64_t LATITUDES = 0x5555555555555555ULL

# A cell: the highest `step` bits of both coordinates. Step 0 is no cell.
ctypedef struct Cell:
    uint64_t bits
    int step

# The bounds of a shape or a cell, in degrees.
ctypedef struct Box:
    double west
    double east
    double south
    double north


cdef bint geo_is_valid(Position position) noexcept nogil:
    return fabs(position.longitude) <= GEO_LONGITUDE_MAX and fabs(position.latitude) <= GEO_LATITUDE_MAX


# ---- bits ----

cdef inline uint64_t spread(uint32_t value) noexcept nogil:
    """Returns the bits of ``value`` with a zero before each."""
    cdef uint64_t bits = value
    bits = (bits | bits << 16) & 0x0000ffff0000ffffULL
    bits = (bits | bits << 8) & 0x00ff00ff00ff00ffULL
    bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0fULL
    bits = (bits | bits << 2) & 0x3333333333333333ULL
    return (bits | bits << 1) & 0x5555555555555555ULL


cdef inline uint32_t gather(uint64_t bits) noexcept nogil:
    """Returns every second bit, from the lowest on, as one number."""
    bits &= 0x5555555555555555ULL
    bits = (bits | bits >> 1) & 0x3333333333333333ULL
    bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0fULL
    bits = (bits | bits >> 4) & 0x00ff00ff00ff00ffULL
    bits = (bits | bits >> 8) & 0x0000ffff0000ffffULL
    return <uint32_t> (bits | bits >> 16)


cdef inline uint32_t column(double value, double most, int step) noexcept nogil:
    """Returns which of the 2**step equal parts of [-most, most] contains the value."""
    return <uint32_t> ((value + most) / (most + most) * <double> (<uint64_t> 1 << step))


cdef inline Cell cell_of(Position position, double latitude_max, int step) noexcept nogil:
    cdef Cell cell
    cell.step = step
    cell.bits = spread(column(position.latitude, latitude_max, step)) | \
        spread(column(position.longitude, GEO_LONGITUDE_MAX, step)) << 1
    return cell


cdef uint64_t geo_encode(Position position) noexcept nogil:
    return cell_of(position, GEO_LATITUDE_MAX, STEPS).bits


cdef Box box_of(Cell cell) noexcept nogil:
    cdef double parts = <double> (<uint64_t> 1 << cell.step)
    cdef double x = gather(cell.bits >> 1), y = gather(cell.bits)
    cdef Box box
    box.west = -GEO_LONGITUDE_MAX + x / parts * (2 * GEO_LONGITUDE_MAX)
    box.east = -GEO_LONGITUDE_MAX + (x + 1) / parts * (2 * GEO_LONGITUDE_MAX)
    box.south = -GEO_LATITUDE_MAX + y / parts * (2 * GEO_LATITUDE_MAX)
    box.north = -GEO_LATITUDE_MAX + (y + 1) / parts * (2 * GEO_LATITUDE_MAX)
    return box


cdef Position geo_decode(uint64_t hash) noexcept nogil:
    cdef Cell cell
    cdef Box box
    cdef Position middle
    cell.bits = hash
    cell.step = STEPS
    box = box_of(cell)
    middle.longitude = max(min((box.west + box.east) / 2, GEO_LONGITUDE_MAX), -GEO_LONGITUDE_MAX)
    middle.latitude = max(min((box.south + box.north) / 2, GEO_LATITUDE_MAX), -GEO_LATITUDE_MAX)
    return middle


cdef uint64_t geo_from_score(double score) noexcept nogil:
    if score >= -SIGNED_END and score < SIGNED_END:
        return <uint64_t> <int64_t> score
    return <uint64_t> score if score > 0 and score < 2 * SIGNED_END else 0


cdef void geo_text(Position position, char *out) noexcept nogil:
    """Writes a standard geohash, whose latitudes reach to the poles.

    The text would have 55 bits, but there are 52: the last character is always the first letter, as in Redis.
    """
    cdef uint64_t bits = cell_of(position, 90, STEPS).bits
    cdef int index
    for index in range(GEO_TEXT - 1):
        out[index] = LETTERS[bits >> (47 - 5 * index) & 31]
    out[GEO_TEXT - 1] = LETTERS[0]


# ---- distances ----

cdef inline double latitude_distance(double a, double b) noexcept nogil:
    return EARTH_RADIUS * fabs(b * DEGREE - a * DEGREE)


cdef double geo_distance(Position a, Position b) noexcept nogil:
    """Returns the distance by the haversine formula."""
    cdef double south = a.latitude * DEGREE, north = b.latitude * DEGREE
    cdef double u = sin((north - south) / 2)
    cdef double v = sin((b.longitude * DEGREE - a.longitude * DEGREE) / 2)
    if v == 0:
        return latitude_distance(a.latitude, b.latitude)
    return 2.0 * EARTH_RADIUS * asin(sqrt(u * u + cos(south) * cos(north) * v * v))


cdef bint is_in_box(const Shape *shape, Position position) noexcept nogil:
    """Returns whether the box contains the position. The width is measured at the position's own latitude."""
    cdef Position across = position
    if latitude_distance(position.latitude, shape.center.latitude) > shape.height / 2:
        return False
    across.longitude = shape.center.longitude
    return geo_distance(position, across) <= shape.width / 2


cdef bint geo_within(const Shape *shape, Position position, double *distance) noexcept nogil:
    if shape.is_box:
        if not is_in_box(shape, position):
            return False
        distance[0] = geo_distance(shape.center, position)
        return True
    # Most positions that are too far away already fail by latitude, which is cheaper to check. The small tolerance
    # leaves borderline cases to the exact check.
    if latitude_distance(shape.center.latitude, position.latitude) > shape.radius * 1.000001 + 0.001:
        return False
    distance[0] = geo_distance(shape.center, position)
    return distance[0] <= shape.radius


# ---- areas ----

cdef Box box_around(const Shape *shape) noexcept nogil:
    """Returns the bounds of the shape. Meridians converge, so the side nearer to the pole decides the width."""
    cdef double height = shape.height / 2 if shape.is_box else shape.radius
    cdef double width = shape.width / 2 if shape.is_box else shape.radius
    cdef double latitude = shape.center.latitude
    cdef double up = height / EARTH_RADIUS / DEGREE
    cdef double side = latitude - up if latitude < 0 else latitude + up
    cdef double across = width / EARTH_RADIUS / cos(side * DEGREE) / DEGREE
    cdef Box box
    box.west = shape.center.longitude - across
    box.east = shape.center.longitude + across
    box.south = latitude - up
    box.north = latitude + up
    return box


cdef int step_for(double reach, double latitude) noexcept nogil:
    """Returns the step at which nine cells mostly cover everything within ``reach`` metres."""
    cdef int step = 1
    if reach == 0:
        return STEPS
    while reach < MERCATOR_MAX:
        reach *= 2
        step += 1
    step -= 2
    if fabs(latitude) > 66:
        step -= 1
    if fabs(latitude) > 80:
        step -= 1
    return max(min(step, <int> STEPS), 1)


cdef uint64_t moved(uint64_t own, uint64_t other, int step, int direction) noexcept nogil:
    """Moves one coordinate, whose interleaved bits are ``own``, by ``direction`` cells.

    ``other`` is the mask of the other coordinate's bits, between those of ``own``. If ``direction`` is 0, the bits are
    not masked: the highest possible value has one bit too many, and keeps it.
    """
    cdef uint64_t between = other >> (64 - 2 * step)
    if direction == 0:
        return own
    own = own + (between + 1) if direction > 0 else (own | between) - (between + 1)
    return own & ~other & (~<uint64_t> 0 >> (64 - 2 * step))


cdef Cell neighbour(Cell cell, int east, int north) noexcept nogil:
    cdef Cell other
    other.step = cell.step
    other.bits = moved(cell.bits & LONGITUDES, LATITUDES, cell.step, east) | \
        moved(cell.bits & LATITUDES, LONGITUDES, cell.step, north)
    return other


cdef bint nine_reach(Cell cell, const Box *box) noexcept nogil:
    """Returns whether the cell and its neighbours reach to all sides of the box."""
    return box_of(neighbour(cell, 0, 1)).north >= box.north and box_of(neighbour(cell, 0, -1)).south <= box.south and \
        box_of(neighbour(cell, 1, 0)).east >= box.east and box_of(neighbour(cell, -1, 0)).west <= box.west


cdef bint is_useless(const Box *cell, const Box *box, int east, int north) noexcept nogil:
    """Returns whether the neighbour is not needed, because the cell itself reaches past the box on that side."""
    return (north < 0 and cell.south < box.south) or (north > 0 and cell.north > box.north) or \
        (east < 0 and cell.west < box.west) or (east > 0 and cell.east > box.east)


cdef HashRange range_of(Cell cell) noexcept nogil:
    cdef HashRange range
    range.first = cell.bits << (2 * STEPS - 2 * cell.step)
    range.end = (cell.bits + 1) << (2 * STEPS - 2 * cell.step)
    return range


# The order of the neighbours, the cell itself first: north, south, east, west, then the corners.
cdef int[GEO_CELLS] EAST = [0, 0, 0, 1, -1, 1, -1, 1, -1]
cdef int[GEO_CELLS] NORTH = [0, 1, -1, 0, 0, 1, 1, -1, -1]


cdef int geo_cover(const Shape *shape, HashRange *ranges) noexcept nogil:
    cdef double reach = shape.radius
    cdef Box around = box_around(shape), own
    cdef HashRange found
    cdef Cell cell
    cdef int index, count = 0
    if shape.is_box:
        reach = sqrt(shape.width / 2 * (shape.width / 2) + shape.height / 2 * (shape.height / 2))
    cell = cell_of(shape.center, GEO_LATITUDE_MAX, step_for(reach, shape.center.latitude))
    if cell.step > 1 and not nine_reach(cell, &around):
        cell = cell_of(shape.center, GEO_LATITUDE_MAX, cell.step - 1)
    own = box_of(cell)
    for index in range(GEO_CELLS):
        if cell.step >= 2 and is_useless(&own, &around, EAST[index], NORTH[index]):
            continue
        found = range_of(neighbour(cell, EAST[index], NORTH[index]))
        # In a grid of few cells, two neighbours may be the same cell.
        if count < 2 or found.first != ranges[count - 1].first:
            ranges[count] = found
            count += 1
    return count
