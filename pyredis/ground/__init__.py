"""What everything above is built on: memory, slices, numbers, words, glob patterns."""
