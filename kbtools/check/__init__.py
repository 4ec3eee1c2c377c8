"""What a check makes of findings: compared with a baseline, narrowed to what a change concerns."""
