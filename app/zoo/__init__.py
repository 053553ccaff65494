"""The bundled trained models: their weights, vocabularies and cards."""
