"""Publish/subscribe: channels, patterns, and their subscribers."""
