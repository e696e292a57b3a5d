"""Plan of what the workflow makes of a configuration. Only the workflow reads it."""
