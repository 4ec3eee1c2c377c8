"""What links mean: resolution, canonical spelling, the link graph, and suggestions for links that lead nowhere."""
