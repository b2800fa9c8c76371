"""The settings of one instance of the library ``cjson``: of the global table, or of a ``cjson.new()``.

They are in a userdata that is the first upvalue of each function of the instance, except ``new``.
"""

from pyredis.lua.lua_api cimport LUA_GLOBALSINDEX

cdef enum:
    # Upvalues of the functions that need them.
    OPTIONS_AT = LUA_GLOBALSINDEX - 1
    BUFFER_AT = LUA_GLOBALSINDEX - 2

# How infinities and NaN are encoded.
cdef enum:
    REFUSED = 0
    AS_THEY_ARE = 1
    AS_NULL = 2

ctypedef struct JsonOptions:
    # A table whose greatest index is above `sparse_safe` and above `sparse_ratio` (0: no limit) times its number of
    # elements is not an array: it is written as an object if `sparse_convert`, otherwise it is an error.
    int sparse_convert
    int sparse_ratio
    int sparse_safe
    int encode_max_depth
    int decode_max_depth
    int encode_invalid_numbers
    int decode_invalid_numbers
    int keep_buffer
    # Significant digits of numbers, and the least whole number with more digits.
    int precision
    double precise_below
