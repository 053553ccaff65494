"""From what people type to what a network reads: tokenizers and vocabularies."""
