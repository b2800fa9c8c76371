"""The library ``struct`` for scripts: numbers and strings as packed bytes."""
