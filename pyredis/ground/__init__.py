"""The basis of all other native code: memory, slices, numbers, words, glob patterns."""
