"""What runs: one part of the platform in one file. A class wires resources; the pure functions below it describe them."""
