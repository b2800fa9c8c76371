"""Servers and databases as objects of a Python program."""
