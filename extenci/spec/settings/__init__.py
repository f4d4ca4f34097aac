"""The home's settings file → Settings, and its text with something added or removed."""
