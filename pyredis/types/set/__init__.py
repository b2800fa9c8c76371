"""Sets, as arrays of integers, packs or tables."""
