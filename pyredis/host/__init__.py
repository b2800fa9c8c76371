"""The process around a server: listeners, rules for clients, the limit of open files, the supervisor, stand-ins."""
