"""How each value came about, from the last number down to every product, and back up to the loss."""
