"""How much time `weighbridge probe` and garak take outside of the model they ask.

    python probe.py WEIGHBRIDGE GARAK_PYTHON [PROMPTS [RUNS]]

A server in this process answers each call after a fixed pause, one at a time, and adds up how long calls
lay with it. garak runs one of its probes against it, capped at that many prompts, with one generation each;
the prompts that it sent are made into a pack, and weighbridge sends the same. Both call one at a time.
What counts is the wall clock less the time that calls lay with the server, and the processor time of the
command and its children. A second run of weighbridge on its journal is told as well.

Then recorded replies are judged, so many a probe, with nobody to wait for: what cases, detectors and statistics
take. The last line is all of it as JSON.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAUSE = 0.005
PROBE = "phrasing.PastTense"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it each answer waits for the caller's acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "stub", "object": "model"}]})

    def do_POST(self):
        begun = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        time.sleep(PAUSE)
        text = "I would rather talk about the sea."
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        usage = {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17}
        choice = {"index": 0, "finish_reason": "stop", "logprobs": None}
        choice |= {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text}
        self.answer({"id": "x", "object": "chat.completion", "created": 0, "model": "stub", "choices": [choice], "usage": usage})
        with self.server.lock:
            self.server.busy += time.perf_counter() - begun
            self.server.prompts.append(prompt)

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def measured(server, command, **more):
    with server.lock:
        server.busy, server.prompts = 0.0, []
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, **more)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "code": ended.returncode, "calls": len(server.prompts), "wall": wall, "target": server.busy,
        "outside": wall - server.busy, "processor": processor,
    }, ended


def pack(prompts):
    return json.dumps({
        "schema": "weighbridge.probes/1", "id": "same", "version": 1, "title": "what garak asked",
        "licence": "Apache-2.0",
        "probes": [{
            "id": "same", "version": 1, "hypothesis": "None.",
            "slots": {"prompt": {"list": [prompt.strip() for prompt in prompts]}},
            "prompt": [{"user": "{prompt}"}], "decode": {"max-tokens": 150},
            "detectors": {"said": {"regex": {"pattern": "xyzzy"}}},
            "metric": {"detector": "said", "measure": "rate"},
        }],
    })


def garak(python, url, count, place):
    config = {
        "system": {"lite": True, "parallel_attempts": False, "parallel_requests": False},
        "run": {"generations": 1, "soft_probe_prompt_cap": count, "seed": 1},
        "plugins": {
            "target_type": "openai.OpenAICompatible", "target_name": "stub", "probe_spec": PROBE,
            "generators": {"openai": {"OpenAICompatible": {"uri": url, "max_tokens": 150}}},
        },
        "reporting": {"report_prefix": os.path.join(place, "garak")},
    }
    path = os.path.join(place, "garak.json")
    with open(path, "w") as file:
        json.dump(config, file)
    return [python, "-m", "garak", "--config", path]


def main(program, python, count=200, runs=3):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.lock, server.busy, server.prompts = threading.Lock(), 0.0, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    rows = {"garak": [], "weighbridge": [], "weighbridge, again": []}
    for run in range(runs):
        with tempfile.TemporaryDirectory() as place:
            env = os.environ | {"OPENAICOMPATIBLE_API_KEY": "none", "XDG_DATA_HOME": place, "HF_HUB_OFFLINE": "1"}
            row, ended = measured(server, garak(python, url + "/", count, place), env=env, cwd=place)
            if row["calls"] < count // 2:
                sys.exit(f"garak made {row['calls']} calls:\n{ended.stdout}\n{ended.stderr}")
            rows["garak"].append(row)
            with open(os.path.join(place, "same.yaml"), "w") as file:
                file.write(pack(server.prompts))
            ours = [program, "probe", url, "--packs", "./same.yaml", "--journal", "j.jsonl", "--jobs", "1", "--format", "json"]
            for name in ("weighbridge", "weighbridge, again"):
                row, ended = measured(server, ours, cwd=place)
                if row["code"] == 3:
                    sys.exit(ended.stderr)
                rows[name].append(row)
    rows |= {f"judging: {name}": judged(server, program, text, runs) for name, text in PROBES.items()}
    told = {name: {how: summary(of, pick) for how, pick in (("median", statistics.median), ("least", min))}
            for name, of in rows.items()}
    for name, of in told.items():
        for how, numbers in of.items():
            print(name.ljust(44), how.ljust(7), json.dumps(numbers))
    print(json.dumps(told))


def summary(rows, pick):
    return {key: round(pick(row[key] for row in rows), 4) for key in rows[0]}


# What each asks, of 10,000 replies.
PROBES = {
    "10,000 replies, a rate": (
        "slots: {n: {numbers: {from: 1, to: 10000}}}, prompt: [{user: '{n}'}]", "measure: rate"),
    "10,000 replies, 2,000 prompts five times": (
        "slots: {n: {numbers: {from: 1, to: 2000}}}, prompt: [{user: '{n}'}], repeats: 5, decode: {temperature: 1}",
        "measure: rate"),
    "10,000 replies, 5,000 pairs": (
        "slots: {n: {numbers: {from: 1, to: 5000}}}, prompt: [{user: '{mark}{n}'}], "
        "pairs: {control: {set: {mark: ''}}, treatment: {set: {mark: '1'}}}", "measure: difference"),
    "10,000 replies, a sweep of 100 values": (
        "slots: {n: {numbers: {from: 1, to: 100}}, of: {numbers: {from: 1, to: 100}}}, prompt: [{user: '{n} {of}'}]",
        "measure: rate, by: of"),
}


def judged(server, program, probe, runs):
    asks, metric = probe
    with tempfile.TemporaryDirectory() as place:
        with open(os.path.join(place, "p.yaml"), "w") as file:
            file.write(
                "{schema: weighbridge.probes/1, id: p, version: 1, title: t, licence: Apache-2.0, probes: [{id: q, "
                "version: 1, hypothesis: h, " + asks + ", detectors: {refuses: {refusal: {}}}, "
                "metric: {detector: refuses, " + metric + "}, gate: {at-most: 0.2}}]}")
        texts = ["I cannot help with that, and I am sorry.", "Certainly. Take the first turn to the left and go on."]
        with open(os.path.join(place, "said.jsonl"), "w") as file:
            asked = {str(n) for n in range(1, 20001)} | {f"{n} {of}" for n in range(1, 101) for of in range(1, 101)}
            asked |= {"1" + prompt for prompt in asked}
            for number, prompt in enumerate(sorted(asked)):
                message = {"messages": [{"role": "user", "content": prompt}], "reply": texts[number % 11 != 0]}
                times = 5 if prompt.isdigit() and int(prompt) <= 2000 else 1
                file.write((json.dumps(message) + "\n") * times)
        rows = []
        for _ in range(runs):
            command = [program, "probe", "said.jsonl", "--packs", "./p.yaml", "--format", "json"]
            row, ended = measured(server, command, cwd=place)
            report = json.loads(ended.stdout) if row["code"] != 3 else sys.exit(ended.stderr)
            row["calls"] = report["calls"]["answered"]
            assert row["calls"] == 10000 and not report["calls"]["failed"], report["calls"]
            rows.append(row)
        return rows


main(*sys.argv[1:3], *map(int, sys.argv[3:]))
