"""Outputs of torchvision's classification models with random weights, for one seed."""

import torch
from torchvision import models

MODELS = """
    alexnet convnext_tiny densenet121 efficientnet_b0 efficientnet_v2_s googlenet inception_v3
    mnasnet0_5 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small regnet_x_400mf regnet_y_400mf
    resnet18 resnet50 resnext50_32x4d shufflenet_v2_x1_0 squeezenet1_1 swin_t swin_v2_t vgg11
    vgg11_bn vit_b_16 wide_resnet50_2
""".split()
SIZES = {"inception_v3": 299, "googlenet": 224, "vit_b_16": 224}

for name in MODELS:
    torch.manual_seed(0)
    model = models.get_model(name, weights=None).eval()
    size = SIZES.get(name, 96)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        y = model(x)
    print(name, *[f"{v:.4f}" for v in y.flatten()[:4].tolist()], flush=True)
