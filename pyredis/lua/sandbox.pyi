"""The globals of scripts: Lua's harmless functions, ``redis``, and the libraries. Scripts cannot change them."""
