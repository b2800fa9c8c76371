"""Packed lists of short elements, and their compression."""
