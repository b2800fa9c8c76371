"""Makes JSON text from Lua values."""
