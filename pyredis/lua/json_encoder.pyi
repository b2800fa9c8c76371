"""JSON text made of Lua values."""
