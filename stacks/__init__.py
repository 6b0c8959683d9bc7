"""What people do to the stack file of an environment: begin one, see which secrets it needs, have their editor complete it."""
