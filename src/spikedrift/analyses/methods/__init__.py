"""Methods that analyses share."""
