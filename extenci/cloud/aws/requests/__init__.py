"""Requests and answers of EC2: optional parts, filters, and the SDK's words for our values."""
