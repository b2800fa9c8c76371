"""The reader of replies: for native code alone."""
