"""Files in which programs, archives and credentials are looked for and none are."""

from cases import PACKAGES, case

PACKAGES["pillow"] = ["pillow"]
PACKAGES["tokenizers"] = ["tokenizers"]

case("pillow", "pictures", """
    from PIL import Image
    image = Image.frombytes("RGB", (24, 24), bytes((n * 37 + n // 7) % 256 for n in range(24 * 24 * 3)))
    image.save("logo.png", optimize=True)
    image.save("photo.jpg", quality=85, comment=b"a comment")
    image.save("progressive.jpeg", progressive=True)
    image.save("picture.webp")
    image.convert("P").save("one.gif")
    frames = [image.rotate(90 * n).convert("P") for n in range(3)]
    frames[0].save("several.gif", save_all=True, append_images=frames[1:], loop=0)
""")
case("stdlib", "sound", """
    import wave
    with wave.open("sample.wav", "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(n * n % 256 for n in range(1001)))
""")
case("tokenizers", "bytes-of-every-kind", """
    from tokenizers import Tokenizer, models, pre_tokenizers, decoders, trainers
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<s>", "</s>", "<|im_start|>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    text = ["hf_token sk-learn password= #!/bin/sh MZ PK eyJhbGciOi AKIA ghp_ -----BEGIN api_key: \\x7fELF"]
    tokenizer.train_from_iterator(text * 3, trainer)
    tokenizer.save("tokenizer.json")
""")
case("safetensors", "random-numbers", """
    import numpy as np
    from safetensors.numpy import save_file
    rng = np.random.default_rng(7)
    save_file({"weight": rng.integers(0, 256, 4096, dtype=np.uint8),
               "bias": rng.standard_normal(512).astype(np.float32)}, "model.safetensors")
""")
case("numpy", "random-numbers", """
    import numpy as np
    np.save("weights.npy", np.random.default_rng(8).integers(0, 256, 6000, dtype=np.uint8))
""")
