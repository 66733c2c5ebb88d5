"""From a procedure's arguments to a job for the backend, and the one loop that paints."""
