"""Commands about what was made before: taken under management, looked back at."""
