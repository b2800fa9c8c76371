"""The command families and the table that describes them."""
