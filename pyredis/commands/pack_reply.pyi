"""Elements of packs as bulks, for native code alone: see ``pack_reply.pxd``."""
