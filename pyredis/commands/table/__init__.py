"""The command table: rows, key specifications, and the outline that is read at startup."""
