"""The stand-in for the official aws provider: the few kinds of resources that this project uses, through boto3."""
