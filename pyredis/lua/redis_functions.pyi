"""The table ``redis`` of scripts, which is also ``server``."""
