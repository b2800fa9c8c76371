"""The parts of a connection: input, output, and the list of connected clients."""
