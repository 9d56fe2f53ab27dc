"""Review: the queue of questions put to people, their rulings, and the chain that records them."""
