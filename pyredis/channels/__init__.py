"""Publish/subscribe: who is subscribed to what."""
