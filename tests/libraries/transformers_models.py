"""Losses, gradients, three steps of training and generated tokens of small models of transformers
with random weights, for one seed."""

import torch
import transformers as hf

hf.logging.set_verbosity_error()

TEXT = {
    "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "max_position_embeddings": 80,
}  # fmt: skip
GROUPED = TEXT | {"num_key_value_heads": 2}
IMAGE = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "image_size": 32, "patch_size": 8,
}  # fmt: skip
SEQ2SEQ = {
    "vocab_size": 64, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}  # fmt: skip
WHISPER = {
    "num_mel_bins": 8, "max_source_positions": 20, "max_target_positions": 32, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1, "suppress_tokens": None,
    "begin_suppress_tokens": None,
}  # fmt: skip
WAV2VEC = {
    "vocab_size": 32, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "conv_dim": [16, 16], "conv_kernel": [5, 3], "conv_stride": [4, 2],
    "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 2,
    "mask_time_prob": 0.0,
}  # fmt: skip
# The model's class, its configuration's class and options, and the kind of its inputs.
MODELS = [
    ("BertForMaskedLM", "BertConfig", TEXT, "tokens"),
    ("BertForSequenceClassification", "BertConfig", TEXT, "text"),
    ("RobertaForMaskedLM", "RobertaConfig", TEXT, "tokens"),
    ("ElectraForMaskedLM", "ElectraConfig", TEXT | {"embedding_size": 32}, "tokens"),
    ("AlbertForMaskedLM", "AlbertConfig", TEXT | {"embedding_size": 16}, "tokens"),
    ("DebertaV2ForMaskedLM", "DebertaV2Config", TEXT, "tokens"),
    ("DistilBertForSequenceClassification", "DistilBertConfig",
     {"vocab_size": 64, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}, "text"),
    ("XLNetLMHeadModel", "XLNetConfig",
     {"vocab_size": 64, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64}, "tokens"),
    ("GPT2LMHeadModel", "GPT2Config",
     {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}, "generate"),
    ("LlamaForCausalLM", "LlamaConfig", GROUPED, "generate"),
    ("MistralForCausalLM", "MistralConfig", GROUPED, "tokens"),
    ("MixtralForCausalLM", "MixtralConfig", GROUPED | {"num_local_experts": 4}, "tokens"),
    ("Qwen2ForCausalLM", "Qwen2Config", GROUPED, "generate"),
    ("GemmaForCausalLM", "GemmaConfig", GROUPED | {"head_dim": 8}, "tokens"),
    ("PhiForCausalLM", "PhiConfig", TEXT, "tokens"),
    ("OPTForCausalLM", "OPTConfig",
     {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
      "ffn_dim": 64, "max_position_embeddings": 64, "word_embed_proj_dim": 32}, "tokens"),
    ("GPTNeoXForCausalLM", "GPTNeoXConfig", TEXT, "tokens"),
    ("BloomForCausalLM", "BloomConfig",
     {"vocab_size": 64, "hidden_size": 32, "n_layer": 2, "n_head": 4}, "tokens"),
    ("MambaForCausalLM", "MambaConfig",
     {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, "tokens"),
    ("T5ForConditionalGeneration", "T5Config",
     {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
      "decoder_start_token_id": 0},
     "generate"),
    ("BartForConditionalGeneration", "BartConfig",
     SEQ2SEQ | {"max_position_embeddings": 64}, "generate"),
    ("WhisperForConditionalGeneration", "WhisperConfig", SEQ2SEQ | WHISPER, "sound"),
    ("Wav2Vec2ForCTC", "Wav2Vec2Config", WAV2VEC, "wave"),
    ("ViTForImageClassification", "ViTConfig", IMAGE, "image"),
    ("Dinov2ForImageClassification", "Dinov2Config", IMAGE, "image"),
    ("SwinForImageClassification", "SwinConfig",
     {"image_size": 32, "patch_size": 2, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2],
      "window_size": 4}, "image"),
    ("ConvNextForImageClassification", "ConvNextConfig",
     {"hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1], "image_size": 32}, "image"),
    ("ResNetForImageClassification", "ResNetConfig",
     {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}, "image"),
]  # fmt: skip


def inputs(kind):
    random = torch.Generator().manual_seed(1)
    tokens = torch.randint(3, 30, (2, 12), generator=random)
    classes = torch.tensor([0, 1])
    return {
        "tokens": {"input_ids": tokens, "labels": tokens},
        "generate": {"input_ids": tokens, "labels": tokens},
        "text": {"input_ids": tokens, "labels": classes},
        "image": {
            "pixel_values": torch.randn(2, 3, 32, 32, generator=random), "labels": classes
        },
        "sound": {
            "input_features": torch.randn(2, 8, 40, generator=random), "labels": tokens
        },
        "wave": {
            "input_values": torch.randn(2, 400, generator=random), "labels": tokens[:, :5]
        },
    }[kind]  # fmt: skip


for name, configuration, options, kind in MODELS:
    torch.manual_seed(0)
    model = getattr(hf, name)(getattr(hf, configuration)(**options)).eval()
    given = inputs(kind)
    loss = model(**given).loss
    loss.backward()
    gradient = sum(p.grad.abs().sum().item() for p in model.parameters() if p.grad is not None)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    model.train()
    for _ in range(3):  # with dropout
        optimizer.zero_grad()
        step = model(**given).loss
        step.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(step.item())
    tokens = []
    if kind == "generate":
        model.eval()
        tokens += model.generate(given["input_ids"], max_new_tokens=6)[0].tolist()
        sampled = {"do_sample": True, "top_k": 10, "top_p": 0.9}
        tokens += model.generate(given["input_ids"], max_new_tokens=6, **sampled)[0].tolist()
    numbers = [f"{v:.4f}" for v in (loss.item(), gradient, *losses)]
    print(name, *numbers, *tokens, flush=True)
