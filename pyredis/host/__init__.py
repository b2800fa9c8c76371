"""The process around a server: listeners, rules for clients, signals, the log."""
