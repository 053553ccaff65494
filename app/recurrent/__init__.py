"""What happens inside nn.LSTM, nn.GRU and nn.RNN, as data. Knows torch, never the web.

Reading order: spec, shapes, build, trace, gates, proof, claims, positions, index, answer.
"""
