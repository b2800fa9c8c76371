"""Publishing to subscribers, for native code alone: see ``call/publishing.pxd``."""
