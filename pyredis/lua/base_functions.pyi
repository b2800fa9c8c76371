"""The sandbox's own versions of Lua's base functions."""
