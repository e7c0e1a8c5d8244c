"""The reference implementation of Model Signing, one request a line (JSON), one answer a line."""

import json
import pathlib
import sys

import model_signing
from click.testing import CliRunner
from model_signing import _cli


def command(arguments):
    """The command line, as a person would run it."""
    done = CliRunner().invoke(_cli.main, arguments)
    said = done.output if done.exception is None or done.output else repr(done.exception)
    return {"ok": done.exit_code == 0, "said": said}


def hashing(how):
    config = model_signing.hashing.Config()
    algorithm = "blake2" if how["hash"] == "blake2b" else how["hash"]
    if how.get("shard_size"):
        config.use_shard_serialization(hashing_algorithm=algorithm, shard_size=how["shard_size"])
    else:
        config.use_file_serialization(hashing_algorithm=algorithm)
    return config.set_ignored_paths(paths=how.get("ignore", []))


def sign(request):
    """The library, with settings that the command line does not offer."""
    config = model_signing.signing.Config().use_elliptic_key_signer(private_key=request["key"])
    config.set_hashing_config(hashing(request["hashing"]))
    config.sign(pathlib.Path(request["model"]), pathlib.Path(request["signature"]))
    return {"ok": True, "said": ""}


def verify(request):
    """The library; without `hashing` it takes the settings from the signature."""
    config = model_signing.verifying.Config()
    config.use_elliptic_key_verifier(public_key=pathlib.Path(request["key"]))
    if request.get("hashing"):
        config.set_hashing_config(hashing(request["hashing"]))
    config.verify(pathlib.Path(request["model"]), pathlib.Path(request["signature"]))
    return {"ok": True, "said": "Verification succeeded\n"}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "command" in request:
                answer = command(request["command"])
            elif request["do"] == "sign":
                answer = sign(request)
            else:
                answer = verify(request)
        except Exception as error:  # whatever it is, it is the answer
            answer = {"ok": False, "said": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
