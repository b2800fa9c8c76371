"""Fuzzing: targets, each a function of one byte string that raises when something that always holds does not.

``python -m fuzz TARGET`` (with ``tests`` on the path) mutates the corpus; ``tools/fuzz TARGET`` does the same
guided by the coverage of the native code, under the sanitizers.
"""
