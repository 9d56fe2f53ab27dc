"""The review page: where people rule on what the stages could not decide."""
