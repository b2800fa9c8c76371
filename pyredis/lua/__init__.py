"""The Lua interpreter, its sandbox, and the bridge between scripts and commands."""
