"""Publishing to subscribers, for native code only: see ``call/publishing.pxd``."""
