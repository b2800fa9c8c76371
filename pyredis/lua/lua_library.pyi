"""What the libraries for scripts share: setting functions in a table, and a buffer in Lua's memory."""
