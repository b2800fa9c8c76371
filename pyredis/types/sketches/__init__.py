"""What strings can be: bitmaps and HyperLogLogs."""
