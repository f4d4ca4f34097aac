"""The system's own ssh client, and the host keys that it may trust."""
