"""The conversion of plain replies, for native code only: see ``wire/plain_replies.pxd``."""
