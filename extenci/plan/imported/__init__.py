"""Existing images and machines that are taken under management: their marks, and the specs they match."""
