"""Sorted sets: packed, or a table and a counted tree; geohashes are their scores."""
