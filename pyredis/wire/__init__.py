"""The wire seen from the other end: replies are read, and requests are made of Python objects."""
