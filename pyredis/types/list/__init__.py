"""Lists: a run, or an array of nodes."""
