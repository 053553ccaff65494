"""The thin edge: parse a request, call one function of the core, answer."""
