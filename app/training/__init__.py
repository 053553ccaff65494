"""Training: recipes of the bundled models, and runs that a visitor watches."""
