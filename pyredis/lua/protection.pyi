"""Tables that scripts can read but not change."""
