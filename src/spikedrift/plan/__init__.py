"""What the workflow makes of a configuration. The workflow alone reads it."""
