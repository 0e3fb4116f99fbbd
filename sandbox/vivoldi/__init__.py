"""A local Vivoldi: an HTTP server on loopback with the coupon API, a truth log, faults and a control side."""
