"""``string.find``, ``match``, ``gmatch`` and ``gsub`` for scripts, with Lua's patterns."""
