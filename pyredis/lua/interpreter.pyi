"""The interpreters of one server: one for the scripts of EVAL, one for libraries of functions."""
