"""The rows of the command table, a module per family."""
