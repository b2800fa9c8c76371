"""The data structures behind the values; each can be used without the keyspace."""
