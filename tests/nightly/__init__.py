"""What is slow by nature: parts that each run alone, run one after another by ``make nightly``, and a summary of what came of them."""
