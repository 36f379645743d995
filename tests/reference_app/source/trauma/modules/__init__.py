"""One blueprint for each functional module."""
