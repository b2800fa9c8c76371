"""The library ``cmsgpack`` for scripts: MessagePack."""
