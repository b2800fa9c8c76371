"""Replies as values of Lua, and values of Lua as replies, by Redis's rules for either protocol."""
