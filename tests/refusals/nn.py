"""Wrong uses of layers and of the tools of ``nn``: which exception each raises, what it says."""

from __future__ import annotations

R, V, K, A = RuntimeError, ValueError, TypeError, AssertionError

RNN = "nn.utils.rnn"
PACKED = f"{RNN}.pack_padded_sequence(Z(3, 2, 1), [3, 2])"

TABLE = [
    # recurrent layers
    ("nn.LSTM(2, 3, dropout=2)", V, "dropout should be a number in range [0, 1]"),
    ("nn.LSTM(2, 3, dropout=True)", V, "dropout should be a number"),
    ("nn.LSTM('2', 3)", K, "input_size should be of type int"),
    ("nn.LSTM(2, 0)", V, "hidden_size must be greater than zero"),
    ("delattr(m := nn.BatchNorm1d(2), 'training') or m(Z(3, 2))", AttributeError, "'training'"),
    ("nn.LazyLinear(3).weight + 1", V, "uninitialized parameter"),
    ("nn.LazyLinear(3).weight.numel()", V, "uninitialized parameter"),
    ("nn.RNN(2, 3, proj_size=0)", V, "proj_size argument is only supported for LSTM"),
    ("nn.GRU(2, 3, proj_size=2)", V, "proj_size argument is only supported for LSTM"),
    ("nn.Linear(2, 3).to('cpu', True)", K, "got (str, bool)"),
    ("nn.Linear(2, 3).to(None, True)", K, "got (NoneType, bool)"),
    ("nn.Linear(2, 3).to('cpu', copy=True)", R, "does not accept copy argument"),
    ("nn.ReflectionPad1d(2)(Z(3, 0, 10))", R, "2D or 3D"),
    ("nn.ReplicationPad2d(2)(Z(0, 10, 10))", R, "3D or 4D"),
    (
        "nn.FractionalMaxPool2d(2, output_ratio=[0.5, 0.5, 0.6])(Z(2, 3, 8, 8))",
        V,
        "requires output_ratio to either be a single Int or tuple of Ints",
    ),
    ("nn.LSTM(2, 3, proj_size=-1)", V, "proj_size should be a positive integer"),
    ("nn.LSTM(2, 3, proj_size=3)", V, "proj_size has to be smaller than hidden_size"),
    ("nn.RNN(2, 3, nonlinearity='cos')", V, "nonlinearity"),
    ("nn.LSTM(2, 3)(Z(4, 1, 2), Z(1, 1, 3))", K, "pair (h_0, c_0)", True),
    ("nn.GRU(2, 3)(Z(4, 1, 2), Z(1, 3))", R, "batched 3-D"),
    ("nn.GRU(2, 3)(Z(4, 2), Z(1, 1, 3))", R, "unbatched 2-D"),
    ("nn.GRU(2, 3)(Z(4, 1, 2), Z(1, 2, 3))", R, "Expected hidden size (1, 1, 3), got [1, 2, 3]"),
    ("nn.LSTM(2, 3)(Z(4, 1, 2), (Z(1, 1, 3), Z(1, 1, 2)))", R, "Expected hidden[1] size"),
    ("nn.GRU(2, 3)(Z(4, 1, 5))", R, "input.size(-1) must be equal to input_size"),
    ("nn.GRUCell(2, 3)(Z(4, 2), Z(1, 1, 1, 3))", V, "1D or 2D"),
    ("nn.GRUCell(2, 3)(Z(4, 2), Z(4, 2))", R, "hidden"),
    ("setattr(m := nn.RNNCell(2, 3), 'nonlinearity', 'cos') or m(Z(2))", R, "Unknown nonlinearity"),
    # packed sequences
    (f"{RNN}.pack_padded_sequence(Z(3, 2, 1), Z(1, 2))", R, "1D"),
    (f"{RNN}.pack_padded_sequence(Z(3, 2, 1), [3])", R, "batch_size"),
    (f"{RNN}.pack_padded_sequence(Z(3, 2, 1), [3, 0])", R, "<= 0"),
    (f"{RNN}.pack_padded_sequence(Z(3, 2, 1), [2, 3])", R, "enforce_sorted"),
    (f"{RNN}.pack_padded_sequence(Z(3, 2, 1), [4, 2])", R, "length", True),
    (f"{RNN}.pack_padded_sequence(Z(0, 2, 1), [1, 1])", R, "empty tensor"),
    (f"{RNN}.pad_packed_sequence({PACKED}, total_length=2)", V, "total_length"),
    (f"{RNN}.pad_sequence(3)", R, "iterable"),
    (f"{RNN}.pad_sequence([])", R, "non-empty list", True),
    (f"{RNN}.pad_sequence([Z(2)], padding_side='top')", R, "padding_side"),
    # convolutions
    ("nn.Conv1d(2, 2, 1, groups=0)", V, "groups must be a positive integer"),
    ("nn.Conv1d(3, 2, 1, groups=2)", V, "in_channels must be divisible by groups"),
    ("nn.Conv1d(2, 3, 1, groups=2)", V, "out_channels must be divisible by groups"),
    ("nn.Conv1d(2, 2, 1, padding='most')", V, "Invalid padding string 'most'"),
    ("nn.Conv1d(2, 2, 1, 2, padding='same')", V, "not supported for strided convolutions"),
    ("nn.Conv1d(2, 2, 1, padding_mode='most')", V, "padding_mode"),
    ("nn.ConvTranspose1d(2, 2, 1, padding_mode='reflect')", V, 'Only "zeros" padding mode'),
    ("nn.ConvTranspose1d(2, 2, 1)(Z(1, 2, 3), output_size=(1, 2))", V, "output_size"),
    ("nn.ConvTranspose1d(2, 2, 1)(Z(1, 2, 3), output_size=(9,))", V, "size"),
    # embeddings
    ("nn.Embedding(2, 3, padding_idx=2)", A, "within num_embeddings"),
    ("nn.Embedding(2, 3, _weight=Z(3, 3))", A, "Shape of weight"),
    ("nn.Embedding.from_pretrained(Z(3))", A, "expected to be 2-dimensional"),
    ("nn.EmbeddingBag.from_pretrained(Z(3))", A, "expected to be 2-dimensional"),
    # losses
    ("nn.HuberLoss(delta='1')", K, "delta", True),
    ("nn.MultiMarginLoss(p=3)", V, "only p == 1 and p == 2 supported"),
    ("nn.MultiMarginLoss(weight=Z(2, 2))", V, "1D tensor, got 2D"),
    ("nn.TripletMarginLoss(margin=0)", V, "margin"),
    ("nn.TripletMarginWithDistanceLoss(margin=0)", V, "margin"),
    ("nn.FocalLoss(gamma=-1)", V, "gamma must be at least 0", True),
    ("nn.ContrastiveLoss(margin=0)", V, "margin must be greater than 0", True),
    ("nn.AdaptiveLogSoftmaxWithLoss(2, 5, [])", V, "length larger than 0"),
    ("nn.AdaptiveLogSoftmaxWithLoss(2, 5, [3, 2])", V, "cutoffs should be a sequence of unique"),
    ("nn.AdaptiveLogSoftmaxWithLoss(2, 5, [2])(Z(1, 2), Z(1, 1).long())", R, "0D or 1D"),
    ("nn.AdaptiveLogSoftmaxWithLoss(2, 5, [2])(Z(1, 2), T([5]))", R, "should be in [0, 4]"),
    # modules
    ("nn.Module().set_extra_state(1)", R, "set_extra_state"),
    ("nn.Module().get_extra_state()", R, "get_extra_state"),
    ("nn.Module().register_parameter('w', Z(2))", K, "nn.Parameter or None required"),
    ("nn.Linear(1, 1).register_parameter('v', nn.Parameter(Z(1)) * 2)", K, "nn.Parameter"),
    ("setattr(nn.Linear(1, 1), 'weight', Z(1, 1))", K, "Parameter or None expected"),
    ("nn.Module.register_buffer(object.__new__(nn.Linear), 'b', Z(1))", AttributeError, "__init__"),
    # pruning
    ("nn.utils.prune.l1_unstructured(nn.Linear(2, 2), 'w', 1)", AttributeError, "w"),
    ("nn.utils.prune.L1Unstructured(1).prune(Z(2), importance_scores=Z(3))", A, "shape"),
    ("nn.utils.prune.PruningContainer(3)", K, "is not a BasePruningMethod subclass", True),
    ("nn.utils.prune.global_unstructured(3, nn.utils.prune.L1Unstructured, amount=1)", K,
     "not an Iterable"),
    ("nn.utils.prune.global_unstructured([], nn.utils.prune.L1Unstructured, [], amount=1)", K,
     "of type dict"),
    # parametrizations
    ("nn.utils.parametrize.ParametrizationList([], Z(1))", V, "one or more modules"),
    ("nn.utils.parametrize.remove_parametrizations(nn.Linear(1, 1), 'weight')", V,
     "does not have a parametrization on weight"),
    ("nn.utils.parametrize.register_parametrization(nn.Linear(1, 1), 'w', nn.Identity())", V, "w"),
]  # fmt: skip
