"""The reader of replies, for native code only: see ``wire/reply_reader.pxd``."""
