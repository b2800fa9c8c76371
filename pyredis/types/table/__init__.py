"""The hash table, which most values and the keyspace are made of."""
