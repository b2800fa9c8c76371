"""The interpreter of one server: made at the first script, one for all scripts, closed by SCRIPT FLUSH."""
