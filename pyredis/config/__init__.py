"""Configuration: one table of directives drives the file, the command line, CONFIG GET, SET and REWRITE, and the docs.

`directives` is the table, `kinds` and `special` define how values of each kind are read and written, `syntax` splits
lines, `load` reads them, `rewrite` writes them back, and `store.Config` holds the values in force.
"""

from pyredis.config.config_errors import ConfigError, ConfigRefused, ConfigRejected
from pyredis.config.store import Config

__all__ = ["Config", "ConfigError", "ConfigRefused", "ConfigRejected"]
