"""Operations on entire databases, for native code only: see ``keyspace/databases.pxd``."""
