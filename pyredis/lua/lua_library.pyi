"""What the libraries for scripts share: functions in a table, and a buffer in Lua's memory."""
