"""The findings of `doctor`, for people and programs."""
