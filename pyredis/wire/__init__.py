"""The client's side of the protocol: reads replies, and encodes requests from Python objects."""
