"""Commands about single machines."""
