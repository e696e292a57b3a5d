"""What a configuration makes, before it is made."""


rule check_config:
    """Print what there is to make, how many jobs, how much disk and time; no job of it runs."""
    input:
        [],
