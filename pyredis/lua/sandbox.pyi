"""The globals of scripts and functions: Lua's harmless functions, ``redis``, and the libraries. None can be changed."""
