"""One file a figure of an analysis, of the same name: its caption is that of the analysis."""
