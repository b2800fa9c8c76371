"""What a script finds: Lua's harmless functions, ``redis``, and the libraries, none of which it can change."""
