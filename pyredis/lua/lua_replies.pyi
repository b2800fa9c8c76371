"""Converts replies to Lua values, and Lua values to replies, by Redis's rules for either protocol."""
