"""``redis.register_function``, by which the text of a library adds its functions while it is being loaded."""
