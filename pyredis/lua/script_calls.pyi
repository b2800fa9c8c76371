"""``redis.call`` and ``redis.pcall``: from Lua's stack to a ``Call`` and back, without Python."""
