"""Tests that begin with a cluster on which the platform is not deployed, and leave it so."""
