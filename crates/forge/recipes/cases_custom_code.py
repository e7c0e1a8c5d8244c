"""Models whose code stands in their own repository, saved by transformers itself."""

import textwrap

from cases import case

SAVE = """
import importlib, shutil, sys, torch, types
torch.manual_seed(0)
package = types.ModuleType("source")
package.__path__ = ["source"]
sys.modules["source"] = package
configuration = importlib.import_module("source.configuration_NAME")
modeling = importlib.import_module("source.modeling_NAME")
configuration.CONFIG.register_for_auto_class()
for name, kind in CLASSES.items():
    getattr(modeling, name).register_for_auto_class(kind)
for name in CLASSES:
    made = getattr(modeling, name)
    made = made(configuration.CONFIG()) if "Processor" not in name else made()
    made.save_pretrained(".")
shutil.rmtree("source")
"""


def model(name, configuration, modeling, config, classes):
    """A folder with `configuration_NAME.py` and `modeling_NAME.py`, registered for the auto classes:
    `classes` maps each class of the second to the auto class that it is for."""
    lines = ["import pathlib", "pathlib.Path('source').mkdir()"]
    for file, text in (f"configuration_{name}", configuration), (f"modeling_{name}", modeling):
        text = textwrap.dedent(text).lstrip()
        lines.append(f"pathlib.Path('source/{file}.py').write_text({text!r})")
    save = SAVE.replace("NAME", name).replace("CONFIG", config).replace("CLASSES", repr(classes))
    case("transformers", f"custom-code-{name}", "\n".join(lines) + save)


model("tinygate", """
    from transformers import PretrainedConfig


    class TinyGateConfig(PretrainedConfig):
        model_type = "tinygate"

        def __init__(self, width=4, depth=1, words=8, **kwargs):
            self.width = width
            self.depth = depth
            self.words = words
            super().__init__(**kwargs)
""", """
    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from .configuration_tinygate import TinyGateConfig


    class Gate(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.value = nn.Linear(width, width)
            self.gate = nn.Linear(width, width)

        def forward(self, x):
            return x + torch.sigmoid(self.gate(x)) * self.value(x)


    class TinyGateModel(PreTrainedModel):
        config_class = TinyGateConfig

        def __init__(self, config):
            super().__init__(config)
            self.words = nn.Embedding(config.words, config.width)
            self.gates = nn.ModuleList(Gate(config.width) for _ in range(config.depth))
            self.post_init()

        def forward(self, input_ids):
            x = self.words(input_ids)
            for gate in self.gates:
                x = gate(x)
            return x
""", "TinyGateConfig", {"TinyGateModel": "AutoModel"})

model("pooler", """
    import os
    from typing import Optional

    from transformers import PretrainedConfig
    from transformers.utils import logging

    logger = logging.get_logger(__name__)


    class PoolerConfig(PretrainedConfig):
        model_type = "pooler"

        def __init__(self, width: int = 4, labels: int = 2, activation: Optional[str] = "gelu", **kwargs):
            super().__init__(**kwargs)
            self.width = width
            self.labels = labels
            self.activation = activation
            if os.environ.get("POOLER_DEBUG"):
                logger.warning("labels: %s", labels)
""", """
    from dataclasses import dataclass
    from typing import Optional

    import torch
    import torch.nn.functional as F
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.activations import ACT2FN
    from transformers.modeling_outputs import ModelOutput

    from .configuration_pooler import PoolerConfig

    try:
        from flash_attn import flash_attn_func
    except ImportError:
        flash_attn_func = None


    @dataclass
    class PoolerOutput(ModelOutput):
        loss: Optional[torch.FloatTensor] = None
        logits: Optional[torch.FloatTensor] = None


    class PoolerForClassification(PreTrainedModel):
        config_class = PoolerConfig

        def __init__(self, config):
            super().__init__(config)
            self.act = ACT2FN[config.activation]
            self.head = nn.Linear(config.width, config.labels)
            self.register_buffer("scale", torch.ones(1))
            self.post_init()

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                module.weight.data.normal_(std=0.02)

        @torch.no_grad()
        def embed(self, inputs):
            return F.normalize(inputs.mean(1), dim=-1)

        def forward(self, inputs, labels=None):
            logits = self.head(self.act(inputs.mean(1))) * self.scale
            loss = None if labels is None else F.cross_entropy(logits, labels)
            return PoolerOutput(loss=loss, logits=logits)
""", "PoolerConfig", {"PoolerForClassification": "AutoModelForSequenceClassification"})

model("mixer", """
    from transformers import PretrainedConfig


    class MixerConfig(PretrainedConfig):
        model_type = "mixer"
        attribute_map = {"hidden_size": "width"}

        def __init__(self, width=4, length=3, **kwargs):
            self.width, self.length = width, length
            super().__init__(**kwargs)
""", """
    import math
    import warnings
    from functools import partial

    import torch
    from torch import nn
    from transformers import GenerationMixin, PreTrainedModel

    from .configuration_mixer import MixerConfig

    norm = partial(nn.LayerNorm, eps=1e-6)


    def angles(width, length):
        steps = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        return torch.arange(length)[:, None] * steps


    class MixerForCausalLM(PreTrainedModel, GenerationMixin):
        config_class = MixerConfig
        _tied_weights_keys = {}

        def __init__(self, config):
            super().__init__(config)
            self.norm = norm(config.width)
            self.mix = nn.Conv1d(config.width, config.width, 3, padding=2)
            self.out = nn.Linear(config.width, 8, bias=False)
            self.post_init()

        def forward(self, inputs_embeds, **kwargs):
            if kwargs:
                warnings.warn(f"not used: {sorted(kwargs)}")
            x = self.norm(inputs_embeds).transpose(1, 2)
            return self.out(self.mix(x)[..., :-2].transpose(1, 2))
""", "MixerConfig", {"MixerForCausalLM": "AutoModelForCausalLM"})

model("rotor", """
    from transformers import PretrainedConfig


    class RotorConfig(PretrainedConfig):
        model_type = "rotor"
        sub_configs = {}

        def __init__(self, width=4, rope_theta=10000.0, **kwargs):
            self.width = width
            self.rope_theta = rope_theta
            super().__init__(**kwargs)
""", """
    import torch
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.utils import is_torch_available

    from .configuration_rotor import RotorConfig

    if is_torch_available() and torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True


    def rotate(x):
        first, second = x.chunk(2, dim=-1)
        return torch.cat((-second, first), dim=-1)


    class Rotor(nn.Module):
        def __init__(self, config):
            super().__init__()
            steps = 1.0 / (config.rope_theta ** (torch.arange(0, config.width, 2).float() / config.width))
            self.register_buffer("steps", steps, persistent=False)

        def forward(self, x, positions):
            angles = positions[..., None] * self.steps
            angles = torch.cat((angles, angles), dim=-1)
            return x * angles.cos() + rotate(x) * angles.sin()


    class RotorModel(PreTrainedModel):
        config_class = RotorConfig

        def __init__(self, config):
            super().__init__(config)
            self.rotor = Rotor(config)
            self.project = nn.Linear(config.width, config.width)
            self.post_init()

        def forward(self, x, positions):
            return self.project(self.rotor(x, positions))
""", "RotorConfig", {"RotorModel": "AutoModel"})

model("patches", """
    from transformers import PretrainedConfig


    class PatchesConfig(PretrainedConfig):
        model_type = "patches"

        def __init__(self, patch=2, width=4, **kwargs):
            self.patch = patch
            self.width = width
            super().__init__(**kwargs)
""", """
    import json
    from pathlib import Path

    import torch
    from torch import nn
    from transformers import BaseImageProcessor, PreTrainedModel

    from .configuration_patches import PatchesConfig


    class PatchesImageProcessor(BaseImageProcessor):
        model_input_names = ["pixel_values"]

        def __init__(self, patch=2, **kwargs):
            super().__init__(**kwargs)
            self.patch = patch

        def preprocess(self, images, **kwargs):
            return {"pixel_values": torch.stack([torch.as_tensor(image) for image in images])}


    class PatchesModel(PreTrainedModel):
        config_class = PatchesConfig
        main_input_name = "pixel_values"

        def __init__(self, config):
            super().__init__(config)
            self.patches = nn.Conv2d(3, config.width, config.patch, stride=config.patch)
            self.post_init()

        def forward(self, pixel_values):
            return self.patches(pixel_values).flatten(2).transpose(1, 2)

        @staticmethod
        def labels(folder):
            return json.loads(Path(folder, "labels.json").read_text())
""", "PatchesConfig", {"PatchesModel": "AutoModel", "PatchesImageProcessor": "AutoImageProcessor"})
