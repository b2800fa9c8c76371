"""Makes Lua values from JSON text."""
