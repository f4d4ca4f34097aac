"""The sandbox's own process: listeners, the way of every request, access, request log, faults."""
