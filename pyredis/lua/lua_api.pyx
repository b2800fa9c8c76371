"""Opens a library with Lua 5.1 and resolves the names.

The library is lupa's extension file. It is found as an import would find it, but not imported: ``dlopen`` needs no
initialised module, and a Lua state that lupa did not make has no table ``python`` and no access to the objects of this
process. If lupa is missing or hides a name, the system's own library is used instead. lupa's Python interface would
not be enough: the sandbox and all libraries are C functions of Lua.
``PYREDIS_LUA`` in the environment names the only library to try.
"""

import os
import sys
from importlib.machinery import PathFinder

from pyredis.ground.shared_library cimport Symbol, dlsym, library_bind, library_missing, library_open

cdef extern from "<dlfcn.h>" nogil:
    ctypedef struct Dl_info:
        const char *dli_fname

    int dladdr(const void *address, Dl_info *info)

cdef enum:
    SYMBOLS = 87

cdef bint _loaded = False
cdef Symbol _symbols[SYMBOLS]
_symbols[0] = Symbol("lua_newstate", <void **> &lua_newstate)
_symbols[1] = Symbol("lua_close", <void **> &lua_close)
_symbols[2] = Symbol("lua_newthread", <void **> &lua_newthread)
_symbols[3] = Symbol("lua_atpanic", <void **> &lua_atpanic)
_symbols[4] = Symbol("lua_gc", <void **> &lua_gc)
_symbols[5] = Symbol("lua_gettop", <void **> &lua_gettop)
_symbols[6] = Symbol("lua_settop", <void **> &lua_settop)
_symbols[7] = Symbol("lua_pushvalue", <void **> &lua_pushvalue)
_symbols[8] = Symbol("lua_remove", <void **> &lua_remove)
_symbols[9] = Symbol("lua_insert", <void **> &lua_insert)
_symbols[10] = Symbol("lua_replace", <void **> &lua_replace)
_symbols[11] = Symbol("lua_checkstack", <void **> &lua_checkstack)
_symbols[12] = Symbol("lua_xmove", <void **> &lua_xmove)
_symbols[13] = Symbol("lua_type", <void **> &lua_type)
_symbols[14] = Symbol("lua_typename", <void **> &lua_typename)
_symbols[15] = Symbol("lua_isnumber", <void **> &lua_isnumber)
_symbols[16] = Symbol("lua_isstring", <void **> &lua_isstring)
_symbols[17] = Symbol("lua_iscfunction", <void **> &lua_iscfunction)
_symbols[18] = Symbol("lua_rawequal", <void **> &lua_rawequal)
_symbols[19] = Symbol("lua_equal", <void **> &lua_equal)
_symbols[20] = Symbol("lua_lessthan", <void **> &lua_lessthan)
_symbols[21] = Symbol("lua_tonumber", <void **> &lua_tonumber)
_symbols[22] = Symbol("lua_tointeger", <void **> &lua_tointeger)
_symbols[23] = Symbol("lua_toboolean", <void **> &lua_toboolean)
_symbols[24] = Symbol("lua_tolstring", <void **> &lua_tolstring)
_symbols[25] = Symbol("lua_objlen", <void **> &lua_objlen)
_symbols[26] = Symbol("lua_tocfunction", <void **> &lua_tocfunction)
_symbols[27] = Symbol("lua_touserdata", <void **> &lua_touserdata)
_symbols[28] = Symbol("lua_tothread", <void **> &lua_tothread)
_symbols[29] = Symbol("lua_topointer", <void **> &lua_topointer)
_symbols[30] = Symbol("lua_pushnil", <void **> &lua_pushnil)
_symbols[31] = Symbol("lua_pushnumber", <void **> &lua_pushnumber)
_symbols[32] = Symbol("lua_pushinteger", <void **> &lua_pushinteger)
_symbols[33] = Symbol("lua_pushlstring", <void **> &lua_pushlstring)
_symbols[34] = Symbol("lua_pushstring", <void **> &lua_pushstring)
_symbols[35] = Symbol("lua_pushfstring", <void **> &lua_pushfstring)
_symbols[36] = Symbol("lua_pushcclosure", <void **> &lua_pushcclosure)
_symbols[37] = Symbol("lua_pushboolean", <void **> &lua_pushboolean)
_symbols[38] = Symbol("lua_pushlightuserdata", <void **> &lua_pushlightuserdata)
_symbols[39] = Symbol("lua_pushthread", <void **> &lua_pushthread)
_symbols[40] = Symbol("lua_newuserdata", <void **> &lua_newuserdata)
_symbols[41] = Symbol("lua_concat", <void **> &lua_concat)
_symbols[42] = Symbol("lua_createtable", <void **> &lua_createtable)
_symbols[43] = Symbol("lua_gettable", <void **> &lua_gettable)
_symbols[44] = Symbol("lua_getfield", <void **> &lua_getfield)
_symbols[45] = Symbol("lua_rawget", <void **> &lua_rawget)
_symbols[46] = Symbol("lua_rawgeti", <void **> &lua_rawgeti)
_symbols[47] = Symbol("lua_settable", <void **> &lua_settable)
_symbols[48] = Symbol("lua_setfield", <void **> &lua_setfield)
_symbols[49] = Symbol("lua_rawset", <void **> &lua_rawset)
_symbols[50] = Symbol("lua_rawseti", <void **> &lua_rawseti)
_symbols[51] = Symbol("lua_next", <void **> &lua_next)
_symbols[52] = Symbol("lua_getmetatable", <void **> &lua_getmetatable)
_symbols[53] = Symbol("lua_setmetatable", <void **> &lua_setmetatable)
_symbols[54] = Symbol("lua_getfenv", <void **> &lua_getfenv)
_symbols[55] = Symbol("lua_setfenv", <void **> &lua_setfenv)
_symbols[56] = Symbol("lua_call", <void **> &lua_call)
_symbols[57] = Symbol("lua_pcall", <void **> &lua_pcall)
_symbols[58] = Symbol("lua_cpcall", <void **> &lua_cpcall)
_symbols[59] = Symbol("lua_load", <void **> &lua_load)
_symbols[60] = Symbol("lua_error", <void **> &lua_error)
_symbols[61] = Symbol("luaL_error", <void **> &luaL_error)
_symbols[62] = Symbol("luaL_argerror", <void **> &luaL_argerror)
_symbols[63] = Symbol("luaL_typerror", <void **> &luaL_typerror)
_symbols[64] = Symbol("luaL_checkany", <void **> &luaL_checkany)
_symbols[65] = Symbol("luaL_checktype", <void **> &luaL_checktype)
_symbols[66] = Symbol("luaL_checkinteger", <void **> &luaL_checkinteger)
_symbols[67] = Symbol("luaL_optinteger", <void **> &luaL_optinteger)
_symbols[68] = Symbol("luaL_checknumber", <void **> &luaL_checknumber)
_symbols[69] = Symbol("luaL_optnumber", <void **> &luaL_optnumber)
_symbols[70] = Symbol("luaL_checklstring", <void **> &luaL_checklstring)
_symbols[71] = Symbol("luaL_optlstring", <void **> &luaL_optlstring)
_symbols[72] = Symbol("luaL_checkoption", <void **> &luaL_checkoption)
_symbols[73] = Symbol("luaL_checkstack", <void **> &luaL_checkstack)
_symbols[74] = Symbol("luaL_loadbuffer", <void **> &luaL_loadbuffer)
_symbols[75] = Symbol("luaL_where", <void **> &luaL_where)
_symbols[76] = Symbol("luaL_getmetafield", <void **> &luaL_getmetafield)
_symbols[77] = Symbol("luaL_ref", <void **> &luaL_ref)
_symbols[78] = Symbol("luaL_unref", <void **> &luaL_unref)
_symbols[79] = Symbol("lua_getstack", <void **> &lua_getstack)
_symbols[80] = Symbol("lua_getinfo", <void **> &lua_getinfo)
_symbols[81] = Symbol("lua_sethook", <void **> &lua_sethook)
_symbols[82] = Symbol("luaopen_base", <void **> &luaopen_base)
_symbols[83] = Symbol("luaopen_table", <void **> &luaopen_table)
_symbols[84] = Symbol("luaopen_string", <void **> &luaopen_string)
_symbols[85] = Symbol("luaopen_math", <void **> &luaopen_math)
_symbols[86] = Symbol("lua_gethookcount", <void **> &lua_gethookcount)


# The file names of PUC Lua 5.1, as distributions of Linux, Homebrew and MacPorts have them.
SYSTEM = ("liblua5.1.so.0", "liblua5.1.so.5.1", "liblua-5.1.so", "liblua.so.5.1")
if sys.platform == "darwin":
    SYSTEM = ("liblua5.1.dylib", "liblua.5.1.dylib")
ADVICE = "pip install 'lupa>=2.8,<2.9'"


class LuaUnavailable(RuntimeError):
    """There is no Lua interpreter: neither lupa nor the system has a library with all required functions."""


def find_library():
    """Returns the path of lupa's extension file for Lua 5.1, without importing lupa; raises ``LuaUnavailable``."""
    package = PathFinder.find_spec("lupa")
    places = package.submodule_search_locations if package is not None else None
    if places is None:
        raise LuaUnavailable(f"Scripts need the library lupa: {ADVICE}")
    module = PathFinder.find_spec("lupa.lua51", list(places))
    if module is None or module.origin is None:
        raise LuaUnavailable(f"lupa is installed without Lua 5.1: {ADVICE}, with --force-reinstall")
    return module.origin


cdef void *open_library(str path) except NULL:
    try:
        return library_open(path)
    except OSError as error:
        raise LuaUnavailable(f"Lua cannot be loaded from {path}: {error}") from None


def missing_symbols(str path):
    """Returns the names of the required functions that a library does not have."""
    return library_missing(open_library(path), _symbols, SYMBOLS)


cdef bint is_lua51(void *library):
    """LuaJIT and later versions of Lua have the same names, but other constants, structs or hooks."""
    cdef const char *ident = <const char *> dlsym(library, "lua_ident")
    return ident != NULL and (<bytes> ident).startswith(b"$Lua: Lua 5.1.")


cdef void *checked(str path) except NULL:
    """Opens a library that has everything; raises ``LuaUnavailable``."""
    cdef void *library = open_library(path)
    missing = library_missing(library, _symbols, SYMBOLS)
    if missing or not is_lua51(library):
        hidden = ", ".join(missing) or "lua_ident"
        raise LuaUnavailable(f"{path} is not a Lua 5.1 that scripts can use, it hides {hidden}: {ADVICE}")
    return library


cdef void *any_library() except NULL:
    """Opens the library that ``PYREDIS_LUA`` names, otherwise lupa's, otherwise the system's."""
    chosen = os.environ.get("PYREDIS_LUA")
    if chosen:
        return checked(chosen)
    try:
        return checked(find_library())
    except LuaUnavailable as error:
        reason = error
    for path in SYSTEM:
        try:
            return checked(path)
        except LuaUnavailable:
            continue
    raise reason


cdef int load_lua() except -1:
    global _loaded
    if _loaded:
        return 0
    library_bind(any_library(), _symbols, SYMBOLS)
    _loaded = True
    return 0


def loaded_library():
    """Returns the path of the library that Lua was loaded from, or None."""
    cdef Dl_info info
    if not _loaded or dladdr(<void *> lua_newstate, &info) == 0:
        return None
    return os.fsdecode(<bytes> info.dli_fname)
