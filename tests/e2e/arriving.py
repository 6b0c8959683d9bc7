"""How soon a deployed configuration is what a program runs with."""

ARRIVES_SECONDS = 100
"""From the end of a deployment: a minute and a half until the kubelet has brought the file, 10 s until the slowest program has read it."""
