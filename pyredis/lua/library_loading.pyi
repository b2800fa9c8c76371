"""Loading a library of functions: reading its first line, and running its text, which registers the functions."""
