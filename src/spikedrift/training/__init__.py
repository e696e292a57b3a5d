"""Networks trained to generate given activity."""
