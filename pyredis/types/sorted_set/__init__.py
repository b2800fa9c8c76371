"""Sorted sets, as packs or as a table with a counted tree; geohashes, which GEO commands store as scores."""
