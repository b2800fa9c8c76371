"""Tables that scripts can read and not change."""
