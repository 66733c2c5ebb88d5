"""The windows. Only imported where there may be some."""
