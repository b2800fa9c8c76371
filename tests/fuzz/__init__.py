"""Fuzzing: each target is a function of one byte string that raises if an invariant does not hold.

``python -m fuzz TARGET`` (with ``tests`` on the path) mutates the corpus; ``tools/fuzz TARGET`` does the same, guided
by the coverage of the native code and under the sanitizers.
"""
