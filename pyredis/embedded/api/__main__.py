"""Writes the generated modules of the methods into the package."""

from pyredis.embedded.api.method_writer import generated

for path, text in generated().items():
    path.write_text(text, encoding="utf-8")
    print(path)
