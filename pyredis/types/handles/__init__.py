"""Python wrappers of the native structures, for the tests; the server imports none of them."""
