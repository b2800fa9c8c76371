"""Functions of Lua's libraries that may run for very long, with checkpoints."""
