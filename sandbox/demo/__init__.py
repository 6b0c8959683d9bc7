"""The demo workload: one small real service for every entry of a catalogue, its datastores, steady traffic and a receiver of alerts."""

from sandbox.demo.deploy import DemoError, down, up

__all__ = ["DemoError", "down", "up"]
