"""The data structures behind the values: each usable without the keyspace."""
