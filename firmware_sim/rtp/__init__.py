"""Media on the network: RTP packets, G.711, the jitter buffer."""
