"""From a parsed request to its reply: batches, checks, running, serving waiting clients."""
