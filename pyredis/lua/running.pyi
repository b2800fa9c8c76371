"""Running a script: its arguments, its protected call, its reply."""
