"""The server's numbers for those who watch it: Prometheus and OpenTelemetry, and the port for probes."""
