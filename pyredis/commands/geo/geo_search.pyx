"""GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS commands: the members of a sorted set within a shape.

A search parses its arguments, collects the members within the shape, sorts them and applies COUNT, and returns or
stores the result. All arguments are parsed even if the key does not exist, so that invalid ones are always reported.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdio cimport snprintf
from libc.stdlib cimport qsort
from libc.string cimport memcpy, memset

from pyredis._resp cimport Replied, reply_array, reply_error, reply_error_slice, reply_integer, reply_slice
from pyredis.call.call cimport Call
from pyredis.call.changes cimport count_as
from pyredis.call.errors cimport integer_argument, reply_syntax_error
from pyredis.call.handlers cimport native
from pyredis.commands.geo.geo_access cimport (
    member_position,
    position_argument,
    reply_distance,
    reply_position,
    unit_argument,
)
from pyredis.commands.sorted_sets.sorted_set_access cimport read_sorted_set, sorted_set_limits, store_result
from pyredis.ground.base cimport Slice, equals_nocase, literal, slice_of
from pyredis.ground.doubles cimport parse_double
from pyredis.ground.memory cimport mem_free, mem_grow
from pyredis.types.sorted_set.geohash cimport (
    GEO_CELLS,
    HashRange,
    Position,
    Shape,
    geo_cover,
    geo_decode,
    geo_from_score,
    geo_within,
)
from pyredis.types.sorted_set.sorted_pack cimport ScoredMember
from pyredis.types.sorted_set.sorted_set cimport (
    SortedSet,
    SortedSetIterator,
    SortedSetLimits,
    zset_arrange,
    zset_gather,
    zset_gathered,
    zset_iterate,
    zset_iterate_end,
    zset_next,
    zset_rank_of_score,
)

cdef enum Form:
    GEOSEARCH
    GEOSEARCHSTORE
    GEORADIUS
    GEORADIUS_RO
    GEORADIUSBYMEMBER
    GEORADIUSBYMEMBER_RO

cdef enum Order:
    UNORDERED
    NEAREST_FIRST
    FARTHEST_FIRST

cdef enum Told:
    WITH_DISTANCE = 1
    WITH_HASH = 2
    WITH_POSITION = 4

ctypedef struct Search:
    Call *call
    Form form
    SortedSet *set              # NULL if the key does not exist
    Shape shape
    double metres               # of the unit of distances in the reply
    bint from_member
    bint from_position
    bint by_radius
    bint by_box
    int shown
    Order order
    bint any                    # stop after the first `count` that are found
    int64_t count               # 0: all
    int store                   # index of the argument with the target's key; 0: the result is the reply
    bint store_distances

# A member that was found. Its text is in `digits` if the set stores it as a number.
ctypedef struct Point:
    Slice member
    char digits[20]
    bint is_number
    double score
    double distance             # metres
    Position position

ctypedef struct Points:
    Point *items
    size_t count
    size_t capacity


# ---- parsing the arguments ----

cdef inline bint is_search(const Search *search) noexcept nogil:
    return search.form == GEOSEARCH or search.form == GEOSEARCHSTORE


cdef bint number_argument(Call *call, int index, const char *error, double *value) noexcept nogil:
    if parse_double(call.argv[index], value):
        return True
    reply_error(call.reply, error)
    return False


cdef bint read_radius(Search *search, int index) noexcept nogil:
    """Parses radius and unit; returns False after replying with an error."""
    cdef double radius
    if not number_argument(search.call, index, "ERR need numeric radius", &radius):
        return False
    if radius < 0:
        reply_error(search.call.reply, "ERR radius cannot be negative")
        return False
    if not unit_argument(search.call, index + 1, &search.metres):
        return False
    search.shape.radius = radius * search.metres
    search.shape.is_box = False
    search.by_radius = True
    return True


cdef bint read_box(Search *search, int index) noexcept nogil:
    """Parses width, height and unit; returns False after replying with an error."""
    cdef double width, height
    if not number_argument(search.call, index, "ERR need numeric width", &width) or \
            not number_argument(search.call, index + 1, "ERR need numeric height", &height):
        return False
    if width < 0 or height < 0:
        reply_error(search.call.reply, "ERR height or width cannot be negative")
        return False
    if not unit_argument(search.call, index + 2, &search.metres):
        return False
    search.shape.width = width * search.metres
    search.shape.height = height * search.metres
    search.shape.is_box = True
    search.by_box = True
    return True


cdef bint read_member(Search *search, int index) noexcept nogil:
    """Looks up the position of a member, if the key exists; returns False after replying with an error."""
    search.from_member = True
    if search.set == NULL or member_position(search.set, search.call.argv[index], &search.shape.center):
        return True
    reply_error(search.call.reply, "ERR could not decode requested zset member")
    return False


cdef bint read_count(Search *search, int index) noexcept nogil:
    if not integer_argument(search.call, index, &search.count):
        return False
    if search.count > 0:
        return True
    reply_error(search.call.reply, "ERR COUNT must be > 0")
    return False


cdef bint read_word(Search *search, Slice word) noexcept nogil:
    """Parses an option without a value; returns False for any other word."""
    if equals_nocase(word, "withdist"):
        search.shown |= WITH_DISTANCE
    elif equals_nocase(word, "withhash"):
        search.shown |= WITH_HASH
    elif equals_nocase(word, "withcoord"):
        search.shown |= WITH_POSITION
    elif equals_nocase(word, "any"):
        search.any = True
    elif equals_nocase(word, "asc"):
        search.order = NEAREST_FIRST
    elif equals_nocase(word, "desc"):
        search.order = FARTHEST_FIRST
    elif search.form == GEOSEARCHSTORE and equals_nocase(word, "storedist"):
        search.store_distances = True
    else:
        return False
    return True


cdef int read_store(Search *search, int index) noexcept nogil:
    """Parses STORE and STOREDIST of the older commands; returns the same as ``read_valued``."""
    cdef Slice word = search.call.argv[index]
    cdef bint distances = equals_nocase(word, "storedist")
    if search.form != GEORADIUS and search.form != GEORADIUSBYMEMBER:
        return 0
    if not distances and not equals_nocase(word, "store"):
        return 0
    search.store = index + 1
    search.store_distances = distances
    return 2


cdef int read_area(Search *search, int index, int left) noexcept nogil:
    """Parses the center and the shape of GEOSEARCH; returns the same as ``read_valued``. Each can be given in one way
    only."""
    cdef Slice word = search.call.argv[index]
    if equals_nocase(word, "frommember") and left > 1 and not search.from_position:
        return 2 if read_member(search, index + 1) else -1
    if equals_nocase(word, "fromlonlat") and left > 2 and not search.from_member:
        search.from_position = True
        return 3 if position_argument(search.call, index + 1, &search.shape.center) else -1
    if equals_nocase(word, "byradius") and left > 2 and not search.by_box:
        return 3 if read_radius(search, index + 1) else -1
    if equals_nocase(word, "bybox") and left > 3 and not search.by_radius:
        return 4 if read_box(search, index + 1) else -1
    return 0


cdef int read_valued(Search *search, int index) noexcept nogil:
    """Parses an option with values; returns its number of arguments, 0 for an unknown option, -1 after replying with an
    error."""
    cdef int left = search.call.argc - index
    if equals_nocase(search.call.argv[index], "count") and left > 1:
        return 2 if read_count(search, index + 1) else -1
    if is_search(search):
        return read_area(search, index, left)
    return read_store(search, index) if left > 1 else 0


cdef bint read_options(Search *search, int index) noexcept nogil:
    """Parses the options from argument ``index`` on; returns False after replying with an error."""
    cdef int taken
    while index < search.call.argc:
        taken = 1 if read_word(search, search.call.argv[index]) else read_valued(search, index)
        if taken <= 0:
            if taken == 0:
                reply_syntax_error(search.call)
            return False
        index += taken
    return True


cdef bint refused(Call *call, const char *text, Slice name) noexcept nogil:
    cdef char error[256]
    cdef int size = <int> min(name.size, <size_t> 64)
    reply_error_slice(call.reply, slice_of(error, snprintf(error, sizeof(error), text, size, name.data)))
    return False


cdef bint check_options(Search *search) noexcept nogil:
    """Checks for options that exclude each other or are missing; returns False after replying with an error."""
    cdef Call *call = search.call
    if search.store and search.shown:
        return refused(call, "ERR %.*s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                       literal("GEOSEARCHSTORE") if search.form == GEOSEARCHSTORE
                       else literal("STORE option in GEORADIUS"))
    if not search.from_member and not search.from_position:
        return refused(call, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s", call.argv[0])
    if not search.by_radius and not search.by_box:
        return refused(call, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s", call.argv[0])
    if search.any and not search.count:
        reply_error(call.reply, "ERR the ANY argument requires COUNT argument")
        return False
    if search.count and search.order == UNORDERED and not search.any:
        search.order = NEAREST_FIRST
    return True


cdef bint read_search(Search *search) noexcept nogil:
    """Parses all arguments; returns False after replying with an error."""
    if search.form == GEORADIUS or search.form == GEORADIUS_RO:
        search.from_position = True
        return position_argument(search.call, 2, &search.shape.center) and read_radius(search, 4) and \
            read_options(search, 6) and check_options(search)
    if search.form == GEORADIUSBYMEMBER or search.form == GEORADIUSBYMEMBER_RO:
        # Redis does not parse the radius if the key does not exist.
        search.by_radius = True
        return read_member(search, 2) and (search.set == NULL or read_radius(search, 3)) and \
            read_options(search, 5) and check_options(search)
    search.store = 1 if search.form == GEOSEARCHSTORE else 0
    return read_options(search, 3 if search.store else 2) and check_options(search)


# ---- searching ----

cdef inline Slice member_of(const Point *point) noexcept nogil:
    return slice_of(point.digits, point.member.size) if point.is_number else point.member


cdef void add_point(Points *points, const ScoredMember *found, double distance, Position position) noexcept nogil:
    cdef Point *point
    if points.count == points.capacity:
        points.items = <Point *> mem_grow(points.items, &points.capacity, sizeof(Point), 16)
    point = points.items + points.count
    point.member = found.member
    point.is_number = found.member.data == found.digits
    if point.is_number:
        memcpy(point.digits, found.digits, sizeof(point.digits))
    point.score = found.score
    point.distance = distance
    point.position = position
    points.count += 1


cdef void look_in_range(const Search *search, HashRange range, size_t most, Points *points) noexcept nogil:
    cdef size_t begin = zset_rank_of_score(search.set, <double> range.first, False)
    cdef size_t end = zset_rank_of_score(search.set, <double> range.end, False)
    cdef SortedSetIterator iterator
    cdef ScoredMember found
    cdef Position position
    cdef double distance
    if begin >= end:
        return
    zset_iterate(search.set, begin, end, False, &iterator)
    while points.count < most and zset_next(&iterator, &found):
        position = geo_decode(geo_from_score(found.score))
        if geo_within(&search.shape, position, &distance):
            add_point(points, &found, distance, position)
    zset_iterate_end(&iterator)


cdef void look(const Search *search, Points *points) noexcept nogil:
    cdef HashRange ranges[GEO_CELLS]
    cdef size_t most = <size_t> search.count if search.any else <size_t> -1
    cdef int index
    memset(points, 0, sizeof(points[0]))
    for index in range(geo_cover(&search.shape, ranges)):
        look_in_range(search, ranges[index], most, points)


# ---- sorting ----

cdef int by_distance(const void *a, const void *b) noexcept nogil:
    cdef double left = (<const Point *> a).distance, right = (<const Point *> b).distance
    return (left > right) - (left < right)


cdef int by_distance_down(const void *a, const void *b) noexcept nogil:
    return by_distance(b, a)


cdef void sift(Point *heap, size_t count, size_t at, int sign) noexcept nogil:
    """Restores a heap with the greatest distance, times ``sign``, on top, after its element ``at`` has decreased."""
    cdef Point moving = heap[at]
    cdef size_t child
    while 2 * at + 1 < count:
        child = 2 * at + 1
        if child + 1 < count and sign * heap[child + 1].distance > sign * heap[child].distance:
            child += 1
        if sign * heap[child].distance <= sign * moving.distance:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = moving


cdef void select(Point *points, size_t count, size_t wanted, int sign) noexcept nogil:
    """Moves the points with the ``wanted`` least distances, times ``sign``, to the front."""
    cdef size_t index
    for index in range(wanted // 2, 0, -1):
        sift(points, wanted, index - 1, sign)
    for index in range(wanted, count):
        if sign * points[index].distance < sign * points[0].distance:
            points[0] = points[index]
            sift(points, wanted, 0, sign)


cdef void arrange(const Search *search, Points *points) noexcept nogil:
    """Applies the requested order and count."""
    cdef size_t wanted = points.count
    cdef bint nearest = search.order == NEAREST_FIRST
    if search.count and <uint64_t> search.count < wanted:
        wanted = search.count
    if search.order != UNORDERED and wanted:
        if wanted < points.count:
            select(points.items, points.count, wanted, 1 if nearest else -1)
        qsort(points.items, wanted, sizeof(Point), by_distance if nearest else by_distance_down)
    points.count = wanted


# ---- results ----

cdef void reply_point(const Search *search, const Point *point) noexcept nogil:
    cdef Call *call = search.call
    if search.shown:
        reply_array(call.reply, 1 + (search.shown & 1) + (search.shown >> 1 & 1) + (search.shown >> 2))
    reply_slice(call.reply, member_of(point))
    if search.shown & WITH_DISTANCE:
        reply_distance(call, point.distance / search.metres)
    if search.shown & WITH_HASH:
        reply_integer(call.reply, <int64_t> point.score)
    if search.shown & WITH_POSITION:
        reply_position(call, point.position)


cdef Replied reply_points(const Search *search, const Points *points) noexcept nogil:
    cdef size_t index
    reply_array(search.call.reply, points.count)
    for index in range(points.count):
        reply_point(search, points.items + index)
    return 0


cdef Replied store_all(const Search *search, const Points *points) noexcept nogil:
    cdef Call *call = search.call
    cdef SortedSetLimits limits = sorted_set_limits(call)
    cdef SortedSet *result = zset_gather(points.count)
    cdef double *score
    cdef bint created
    cdef size_t index
    for index in range(points.count):
        score = zset_gathered(result, member_of(points.items + index), &created)
        score[0] = points.items[index].distance / search.metres if search.store_distances else points.items[index].score
    zset_arrange(&result, &limits)
    store_result(call, search.store, result, "geosearchstore" if is_search(search) else "georadiusstore")
    if points.count:
        count_as(call, points.count)
    return reply_integer(call.reply, <int64_t> points.count)


cdef Replied answer(const Search *search) noexcept nogil:
    cdef Points points
    memset(&points, 0, sizeof(points))
    if search.set != NULL:
        look(search, &points)
    arrange(search, &points)
    if search.store:
        store_all(search, &points)
    else:
        reply_points(search, &points)
    mem_free(points.items, points.capacity * sizeof(Point))
    return 0


cdef Replied run(Call *call, Form form) noexcept nogil:
    cdef Search search
    memset(&search, 0, sizeof(search))
    search.call = call
    search.form = form
    search.set = read_sorted_set(call, 2 if form == GEOSEARCHSTORE else 1)
    if call.failed or not read_search(&search):
        return 0
    return answer(&search)


cdef Replied geosearch(Call *call) noexcept nogil:
    return run(call, GEOSEARCH)


cdef Replied geosearchstore(Call *call) noexcept nogil:
    return run(call, GEOSEARCHSTORE)


cdef Replied georadius(Call *call) noexcept nogil:
    return run(call, GEORADIUS)


cdef Replied georadius_ro(Call *call) noexcept nogil:
    return run(call, GEORADIUS_RO)


cdef Replied georadiusbymember(Call *call) noexcept nogil:
    return run(call, GEORADIUSBYMEMBER)


cdef Replied georadiusbymember_ro(Call *call) noexcept nogil:
    return run(call, GEORADIUSBYMEMBER_RO)


HANDLERS = {
    "georadius": native(georadius),
    "georadius_ro": native(georadius_ro),
    "georadiusbymember": native(georadiusbymember),
    "georadiusbymember_ro": native(georadiusbymember_ro),
    "geosearch": native(geosearch),
    "geosearchstore": native(geosearchstore),
}
