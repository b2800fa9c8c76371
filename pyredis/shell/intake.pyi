"""The input of one connection: for native code only."""
