"""Running a script or a function: its arguments, its protected call, its reply."""
