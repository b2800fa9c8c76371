"""What a handler sees: the call, lookups, changes, propagation, shared errors, waiting for keys."""
