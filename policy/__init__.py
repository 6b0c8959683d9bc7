"""The platform's promises as a Pulumi policy pack: what the engine is about to deploy is held to the rules of ``checks``.

``pulumi preview --policy-pack policy`` enforces them; ``make preview`` and ``make up`` do so by themselves.
"""
