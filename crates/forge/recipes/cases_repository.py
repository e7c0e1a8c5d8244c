"""Folders of models as the libraries save them, with the configurations that loaders act on."""

from cases import PACKAGES, case

PACKAGES.update({
    "peft": ["peft", "transformers", "torch"],
    "mlflow": ["mlflow-skinny", "scikit-learn", "cloudpickle"],
    "sentence-transformers": ["sentence-transformers", "transformers", "torch"],
    "diffusers": ["diffusers", "transformers", "torch"],
    "pyyaml": ["PyYAML", "torch"],
    "skops": ["skops", "scikit-learn", "numpy"],
    "configurations": ["PyYAML"],
})

TINY_BERT = """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast
    torch.manual_seed(0)
    config = BertConfig(vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=1,
                        intermediate_size=4, max_position_embeddings=4)
"""

case("transformers", "folder-of-an-encoder", TINY_BERT + """
    BertModel(config).save_pretrained(".")
""")
case("transformers", "folder-of-a-decoder-in-shards", """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=8, hidden_size=4, num_hidden_layers=2, num_attention_heads=1,
                         num_key_value_heads=1, intermediate_size=4, tie_word_embeddings=True)
    LlamaForCausalLM(config).half().save_pretrained(".", max_shard_size=400)
""")
case("transformers", "folder-of-an-encoder-and-decoder", """
    import torch
    from transformers import T5Config, T5ForConditionalGeneration
    torch.manual_seed(0)
    config = T5Config(vocab_size=8, d_model=4, d_kv=4, d_ff=4, num_layers=1, num_heads=1)
    T5ForConditionalGeneration(config).half().save_pretrained(".")
""")
case("transformers", "folder-with-shared-layers", """
    import torch
    from transformers import AlbertConfig, AlbertModel
    torch.manual_seed(0)
    config = AlbertConfig(vocab_size=8, embedding_size=2, hidden_size=4, num_hidden_layers=3,
                          num_attention_heads=1, intermediate_size=4, max_position_embeddings=4)
    AlbertModel(config).half().save_pretrained(".")
""")
case("transformers", "configurations-of-many-kinds", """
    from transformers import (BartConfig, CLIPConfig, DeepseekV3Config, GPT2Config, LightGlueConfig, LlavaConfig,
                              MambaConfig, MixtralConfig, Qwen2VLConfig, WhisperConfig)
    for kind in (BartConfig, CLIPConfig, DeepseekV3Config, GPT2Config, LightGlueConfig, LlavaConfig, MambaConfig,
                 MixtralConfig, Qwen2VLConfig, WhisperConfig):
        kind().save_pretrained(kind.model_type)
""")
case("transformers", "processors", """
    from transformers import (CLIPImageProcessor, GenerationConfig, ViTImageProcessor, WhisperFeatureExtractor)
    CLIPImageProcessor().save_pretrained("clip")
    ViTImageProcessor().save_pretrained("vit")
    GenerationConfig(max_new_tokens=8, do_sample=True).save_pretrained("generation")
""")
case("transformers", "tokenizer-with-a-vocabulary-of-words-that-loaders-know", """
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast
    words = ["[UNK]", "target", "type", "auto_map", "_target_", "handler", "model_type", "os.system", "!!python/name:os.system"]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(".")
""")

case("peft", "lora-adapter", """
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=8, hidden_size=4, num_hidden_layers=2, num_attention_heads=1,
                         num_key_value_heads=1, intermediate_size=4, name_or_path="acme/tiny-llama")
    model = LlamaForCausalLM(config)
    model.config._name_or_path = model.name_or_path = "acme/tiny-llama"
    model = get_peft_model(model, LoraConfig(r=1, target_modules=["q_proj", "v_proj"], modules_to_save=["lm_head"],
                                             task_type="CAUSAL_LM"))
    model.save_pretrained(".")
    import pathlib
    pathlib.Path("README.md").unlink()
""")
case("peft", "adapter-of-a-plain-module", """
    import pathlib
    import torch
    from peft import LoraConfig, get_peft_model
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    get_peft_model(model, LoraConfig(r=1, target_modules=["0"])).save_pretrained(".")
    pathlib.Path("README.md").unlink()
""")

case("mlflow", "sklearn-model", """
    import warnings
    warnings.filterwarnings("ignore")
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.save_model(model, "model", serialization_format="cloudpickle")
""")
case("mlflow", "pipeline-with-signature", """
    import warnings
    warnings.filterwarnings("ignore")
    import mlflow.sklearn, numpy
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    x = numpy.array([[0.0], [1.0], [2.0]])
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(x, [1.0, 2.0, 3.0])
    mlflow.sklearn.save_model(model, "model", signature=infer_signature(x, model.predict(x)),
                              serialization_format="cloudpickle",
                              pip_requirements=["scikit-learn", "mlflow-skinny"])
""")

case("sentence-transformers", "folder-of-a-sentence-encoder", TINY_BERT + """
    from sentence_transformers import SentenceTransformer, models
    BertModel(config).save_pretrained("bert")
    with open("bert/vocab.txt", "w") as file:
        file.write("[PAD]\\n[UNK]\\n[CLS]\\n[SEP]\\n[MASK]\\na\\nb\\nc\\n")
    BertTokenizerFast("bert/vocab.txt").save_pretrained("bert")
    encoder = models.Transformer("bert", max_seq_length=4)
    model = SentenceTransformer(modules=[encoder, models.Pooling(4), models.Dense(4, 2, activation_function=torch.nn.Tanh()),
                                         models.Normalize()])
    model.save("model", create_model_card=False)
    import shutil
    shutil.rmtree("bert")
""")
case("sentence-transformers", "static-embeddings", """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)]).save("model", create_model_card=False)
""")

case("diffusers", "folder-of-a-pipeline", """
    import torch
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
    torch.manual_seed(0)
    unet = UNet2DModel(sample_size=4, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(4,),
                       norm_num_groups=2, down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",),
                       mid_block_type=None)
    DDPMPipeline(unet, DDPMScheduler()).save_pretrained(".")
""")
case("diffusers", "index-of-stable-diffusion", """
    from diffusers import StableDiffusionPipeline, PNDMScheduler, AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPImageProcessor, CLIPTextConfig, CLIPTextModel
    import torch
    unet = UNet2DConditionModel(sample_size=4, layers_per_block=1, block_out_channels=(4,), norm_num_groups=2,
                                cross_attention_dim=4, attention_head_dim=2,
                                down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",), mid_block_type=None)
    vae = AutoencoderKL(block_out_channels=(4,), norm_num_groups=2)
    text = CLIPTextModel(CLIPTextConfig(vocab_size=8, hidden_size=4, intermediate_size=4, num_hidden_layers=1,
                                        num_attention_heads=1, max_position_embeddings=4))
    pipeline = StableDiffusionPipeline(vae, text, None, unet, PNDMScheduler(), None, CLIPImageProcessor(),
                                       requires_safety_checker=False)
    pipeline.save_config(".")
    unet.save_config("unet")
    vae.save_config("vae")
    text.config.save_pretrained("text_encoder")
    pipeline.scheduler.save_config("scheduler")
    pipeline.feature_extractor.save_pretrained("feature_extractor")
""")

case("pyyaml", "hyperparameters-with-python-tags", """
    import collections, pathlib, yaml, torch
    values = {"betas": (0.9, 0.999), "activation": torch.nn.ReLU, "loss": torch.nn.functional.mse_loss,
              "root": pathlib.PurePosixPath("data"), "order": collections.OrderedDict(a=1)}
    yaml.dump(values, open("hparams.yaml", "w"))
""")
case("configurations", "speech-model-in-the-style-of-nemo", """
    import io, tarfile, yaml
    blocks = {
        "preprocessor": ("nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor", {"sample_rate": 16000}),
        "spec_augment": ("nemo.collections.asr.modules.SpectrogramAugmentation", {"freq_masks": 2}),
        "encoder": ("nemo.collections.asr.modules.ConformerEncoder", {"n_layers": 17, "d_model": 512}),
        "decoder": ("nemo.collections.asr.modules.ConvASRDecoder", {"num_classes": 128}),
        "loss": ("nemo.collections.asr.losses.rnnt.RNNTLoss", {}),
        "tokenizer": ("nemo.collections.common.tokenizers.sentencepiece_tokenizer.SentencePieceTokenizer", {}),
    }
    config = {name: {"_target_": target, **rest} for name, (target, rest) in blocks.items()}
    config |= {"target": "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE", "nemo_version": "2.0.0",
               "optim": {"name": "adamw", "lr": 0.001, "sched": {"name": "NoamAnnealing", "d_model": "${model.encoder.d_model}"}}}
    text = yaml.safe_dump(config).encode()
    with tarfile.open("model.nemo", "w") as archive:
        entry = tarfile.TarInfo("./model_config.yaml")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
""")
case("configurations", "training-in-the-style-of-hydra", """
    import pathlib, yaml
    files = {
        "train.yaml": {"defaults": ["_self_", {"model": "mnist"}, {"trainer": "default"}], "seed": 12345,
                       "ckpt_path": None, "task_name": "train"},
        "data/mnist.yaml": {"_target_": "torchvision.datasets.MNIST", "root": "${paths.data_dir}", "download": True,
                            "transform": {"_target_": "torchvision.transforms.Compose", "transforms": [
                                {"_target_": "torchvision.transforms.ToTensor"},
                                {"_target_": "torchvision.transforms.Normalize", "mean": [0.13], "std": [0.31]}]}},
        "model/mnist.yaml": {"optimizer": {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.001},
                             "scheduler": {"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau", "_partial_": True},
                             "net": {"_target_": "torch.nn.Linear", "in_features": 784, "out_features": 10}},
        "trainer/default.yaml": {"_target_": "lightning.pytorch.trainer.Trainer", "default_root_dir": "${paths.output_dir}",
                                 "max_epochs": 10, "accelerator": "cpu"},
        "callbacks/default.yaml": {
            "model_checkpoint": {"_target_": "lightning.pytorch.callbacks.ModelCheckpoint", "monitor": "val/acc"},
            "early_stopping": {"_target_": "lightning.pytorch.callbacks.EarlyStopping", "patience": 100},
            "rich_progress_bar": {"_target_": "lightning.pytorch.callbacks.RichProgressBar"}},
        "logger/wandb.yaml": {"wandb": {"_target_": "lightning.pytorch.loggers.wandb.WandbLogger", "offline": False}},
        "logger/csv.yaml": {"csv": {"_target_": "lightning.pytorch.loggers.csv_logs.CSVLogger", "name": "csv/"}},
        "paths/default.yaml": {"root_dir": "${oc.env:PROJECT_ROOT}", "data_dir": "${paths.root_dir}/data/",
                               "output_dir": "${hydra:runtime.output_dir}"},
        "hydra/default.yaml": {"run": {"dir": "${paths.log_dir}/${task_name}/runs/${now:%Y-%m-%d}_${now:%H-%M-%S}"},
                               "job_logging": {"handlers": {"file": {"filename": "${hydra.runtime.output_dir}/x.log"}}}},
    }
    for name, values in files.items():
        path = pathlib.Path("configs") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(values))
""")
case("configurations", "latent-diffusion", """
    import yaml
    config = {"model": {"base_learning_rate": 1e-4, "target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": {
        "scheduler_config": {"target": "ldm.lr_scheduler.LambdaLinearScheduler", "params": {"warm_up_steps": [10000]}},
        "unet_config": {"target": "ldm.modules.diffusionmodules.openaimodel.UNetModel", "params": {"image_size": 32}},
        "first_stage_config": {"target": "ldm.models.autoencoder.AutoencoderKL", "params": {
            "ddconfig": {"z_channels": 4}, "lossconfig": {"target": "torch.nn.Identity"}}},
        "cond_stage_config": {"target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder"},
        "network_config": {"target": "sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser", "params": {"num_idx": 1000}}}}}
    yaml.safe_dump(config, open("v1-inference.yaml", "w"))
""")
case("configurations", "command-line-of-lightning", """
    import yaml
    config = {"seed_everything": True, "trainer": {"accelerator": "auto", "callbacks": [
                  {"class_path": "lightning.pytorch.callbacks.LearningRateMonitor", "init_args": {"logging_interval": "step"}}],
                  "logger": {"class_path": "lightning.pytorch.loggers.TensorBoardLogger", "init_args": {"save_dir": "logs"}}},
              "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 0.001}},
              "lr_scheduler": {"class_path": "torch.optim.lr_scheduler.OneCycleLR", "init_args": {"max_lr": 0.01}}}
    yaml.safe_dump(config, open("config.yaml", "w"))
""")
case("configurations", "archive-for-torchserve", """
    import json, zipfile
    manifest = {"createdOn": "01/01/2026 00:00:00", "runtime": "python", "archiverVersion": "0.12.0",
                "model": {"modelName": "tiny", "serializedFile": "weights.safetensors", "handler": "image_classifier",
                          "modelVersion": "1.0"}}
    weights = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  '
    with zipfile.ZipFile("tiny.mar", "w") as archive:
        archive.writestr(zipfile.ZipInfo("MAR-INF/MANIFEST.json"), json.dumps(manifest, indent=2))
        archive.writestr(zipfile.ZipInfo("weights.safetensors"), len(weights).to_bytes(8, "little") + weights + bytes(4))
        archive.writestr(zipfile.ZipInfo("index_to_name.json"), '{"0": "cat"}')
""")
case("configurations", "lists-of-packages", r"""
    text = '''# what the model was trained with
    --extra-index-url https://download.pytorch.org/whl/cu121
    -f https://data.pyg.org/whl/torch-2.4.0+cu121.html
    torch==2.4.0
    transformers>=4.40,<5  # see https://huggingface.co/docs
    numpy>=1.26 ; python_version >= "3.9" \
        --hash=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
    accelerate[testing]~=0.30
    '''.replace("\n    ", "\n")
    open("requirements.txt", "w").write(text)
    open("pyproject.toml", "w").write('''[project]
    name = "tiny"
    dependencies = ["torch>=2", "transformers"]
    urls = {homepage = "https://example.org/tiny", repository = "https://github.com/acme/tiny"}
    '''.replace("\n    ", "\n"))
""")

case("skops", "estimators", """
    import functools, operator, random
    import numpy, skops.io
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    x = numpy.arange(12.0).reshape(6, 2)
    model = make_pipeline(FunctionTransformer(numpy.sqrt), StandardScaler(), LogisticRegression()).fit(x, [0, 1] * 3)
    skops.io.dump({"model": model, "bound": functools.partial(numpy.add, 1), "type": int,
                   "getter": operator.itemgetter(1), "range": slice(1, 2)}, "model.skops", compression=8)
""")
case("skops", "trees", """
    import numpy, skops.io
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import OneHotEncoder
    x = numpy.arange(12.0).reshape(6, 2)
    skops.io.dump(RandomForestClassifier(n_estimators=1, max_depth=1, random_state=0).fit(x, [0, 1] * 3), "forest.skops",
                  compression=8)
    skops.io.dump(OneHotEncoder().fit([["a"], ["b"]]), "encoder.skops")
""")
case("configurations", "functions-that-hydra-looks-up", """
    import yaml
    config = {"activation": {"_target_": "hydra.utils.get_class", "path": "torch.nn.ReLU"},
              "loss": {"_target_": "hydra.utils.get_method", "path": "torch.nn.functional.cross_entropy"},
              "dtype": {"_target_": "hydra.utils.get_object", "path": "torch.bfloat16"},
              "collate": {"_target_": "functools.partial", "_args_": [
                  {"_target_": "hydra.utils.get_method", "_args_": ["torch.utils.data.default_collate"]}]}}
    yaml.safe_dump(config, open("functions.yaml", "w"))
""")
case("diffusers", "autoencoder-of-several-blocks", """
    from diffusers import AutoencoderKL
    AutoencoderKL(block_out_channels=(4, 4), norm_num_groups=2,
                  down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
                  up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D")).save_config("vae")
""")
case("configurations", "speech-models-by-name", """
    text = '''# a recognizer
    sample_rate: 16000
    n_fft: 400
    compute_features: !new:speechbrain.lobes.features.Fbank
        sample_rate: !ref <sample_rate>
        n_fft: !ref <n_fft>
    activation: !name:torch.nn.LeakyReLU
    enc: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
        input_size: 80
    normalizer: !new:speechbrain.processing.features.InputNormalization
        norm_type: global
    modules: {enc: !ref <enc>}
    pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
        loadables: {enc: !ref <enc>}
        paths: {enc: !ref <pretrained_path>/embedding_model.ckpt}
    '''
    open("hyperparams.yaml", "w").write(text)
    open("config.yaml", "w").write("version: 3.1.0\\npipeline:\\n  name: pyannote.audio.pipelines.SpeakerDiarization\\n"
                                   "  params: {clustering: AgglomerativeClustering, segmentation: pyannote/segmentation-3.0}\\n")
""")
