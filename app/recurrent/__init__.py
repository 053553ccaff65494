"""What happens inside nn.LSTM, nn.GRU and nn.RNN, as data. Knows torch, never the web.

Reading order: spec, settle, shapes, build, forward, gates, proof, claims, trace, positions, index, answer;
then the folders explain, diagnose and code.
"""
