"""What a change does to each environment, for the people who review it: one comment on the pull request (``make pr-comment``)."""
