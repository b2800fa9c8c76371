"""The command table: rows, key specifications, the outline that a start reads."""
