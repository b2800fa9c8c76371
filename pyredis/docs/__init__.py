"""The generated pages of the documentation: ``python -m pyredis.docs [page ...]``, from a checkout."""
