"""What everything stands on: errors, whole files, jobs, provenance, plug-ins."""
