"""What measures say of synthetic recordings whose drift is known."""
