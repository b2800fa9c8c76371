"""The commands for HyperLogLogs."""
