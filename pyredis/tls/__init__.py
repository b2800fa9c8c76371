"""TLS by OpenSSL, without Python's ``ssl``: its C API, contexts, and the encryption of a connection."""
