"""Sets: of integers, packed, as a table."""
