"""What is played on a bench and judged: each scenario runs in real and in simulated time, with the same words."""
