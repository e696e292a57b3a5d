"""What the rest of the library stands on: errors, whole files, jobs, provenance, plug-ins."""
