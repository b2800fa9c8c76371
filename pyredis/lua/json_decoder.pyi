"""Lua values made of JSON text."""
