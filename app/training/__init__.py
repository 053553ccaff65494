"""Recipes that train the bundled models: `python -m app train sentiment-en`; the server never needs them."""
