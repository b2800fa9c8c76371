"""The hash table on which the keyspace and most large values are built."""
