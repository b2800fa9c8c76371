"""The version of the distribution, and of the Redis it answers as."""

VERSION = "0.1.0"
REDIS_VERSION = "7.4.0"
