"""What every part of mmkg shares: errors, settings, progress, and the two local servers together."""

__version__ = "0.1.0"
