"""Passes of reconciling, for people, programs and Prometheus."""
