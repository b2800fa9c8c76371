"""Commands that may run for very long, on a stack of their own."""
