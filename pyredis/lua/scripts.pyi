"""The scripts that the server knows, by their digests."""
