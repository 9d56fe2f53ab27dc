"""Near-identical pictures within one dataset, so that one ruling can cover all of them."""
