"""The table ``redis`` of scripts and functions, which is also ``server``."""
