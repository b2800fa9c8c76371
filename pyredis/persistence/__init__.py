"""The life of the append-only files: loading, rewriting, snapshots, the manifest."""
