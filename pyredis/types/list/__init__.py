"""Lists, as a run or as nodes between two runs."""
