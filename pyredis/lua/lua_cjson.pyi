"""The library ``cjson`` for scripts: JSON."""
