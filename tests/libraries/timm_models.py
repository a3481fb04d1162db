"""Outputs of models of timm with random weights, for one seed."""

import timm
import torch

MODELS = """
    beit_base_patch16_224 cait_xxs24_224 coat_tiny coatnet_pico_rw_224 convit_tiny convnext_atto
    convnextv2_atto crossvit_tiny_240 cspresnet50 davit_tiny deit3_small_patch16_224
    deit_tiny_patch16_224 densenet121 dla34 edgenext_xx_small efficientformer_l1 efficientnet_b0
    eva02_tiny_patch14_224 fastvit_t8 focalnet_tiny_srf ghostnet_100 gmlp_s16_224 hardcorenas_a
    hgnetv2_b0 hiera_tiny_224 hrnet_w18_small inception_next_tiny lcnet_050 levit_128s
    mambaout_femto maxvit_rmlp_pico_rw_256 mixer_s32_224 mixnet_s mnasnet_050 mobilenetv3_small_050
    mobilenetv4_conv_small mobilevit_xxs nest_tiny nfnet_l0 poolformer_s12 pvt_v2_b0 rdnet_tiny
    regnetx_002 regnety_002 repvgg_a0 res2net50_26w_4s resmlp_12_224 resnest14d resnet18 resnet26d
    rexnet_100 selecsls42 sequencer2d_s seresnet50 starnet_s1 swin_tiny_patch4_window7_224
    swinv2_tiny_window8_256 tinynet_e tnt_s_patch16_224 twins_svt_small vgg11 visformer_tiny
    vit_base_patch16_siglip_224 vit_tiny_patch16_224 volo_d1_224 xcit_nano_12_p16_224
""".split()

for name in MODELS:
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, num_classes=10).eval()
    size = model.default_cfg["input_size"][-1]
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        y = model(x)
    print(name, *[f"{v:.4f}" for v in y.flatten()[:4].tolist()], flush=True)
