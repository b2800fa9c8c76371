"""Python handles for the native structures, used only by the tests; the server imports none of them."""
