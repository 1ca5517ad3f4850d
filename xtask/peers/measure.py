"""Times PyTorch, onnxruntime and ibq side by side, and prints one figure a line: words with tabs between.

    time    CASE  STAGE  PEER  MILLISECONDS        one for each round
    memory  CASE  PEER   BYTES                     resident memory above that of the smallest picture
    tokens  CASE  PEER   EQUAL  NEAR  OTHER        compared with PyTorch's
    missing PEER  REASON
    version NAME  TEXT

A round runs every peer once, one after the other. A peer's figure of a round is the fastest of three runs, as `ibq bench`
reports it. Neither starting a process nor loading a model is timed.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from export import export
from network import read_tokenizer, write_official
from transformer import SIZE_B, Transformer, read_transformer

# As many runs as `ibq bench` does.
REPEATS = 3
# Tokens that are timed around position 128, as `ibq bench --generate` does.
TIMED_TOKENS = 32
# A different token is a near-tie where PyTorch's scores of both codes differ by at most this share of the range of that
# position's scores. Sums in another order move a score by about a tenth of it.
NEAR_TIE = 1e-3
STAGES = ("encode", "lookup", "decode")


def put(*words):
    print("\t".join(map(str, words)), flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)


def milliseconds(run):
    started = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - started)


def run_ibq(arguments, *words):
    command = [arguments.ibq, *map(str, words), "--device", "cpu", "--threads", str(arguments.threads)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


# Pictures ------------------------------------------------------------------------------------------------------------


def write_picture(arguments, size):
    """The sample picture, cropped to a square and resized, as a PNG that every peer reads."""
    path = Path(arguments.work) / f"picture-{size}.png"
    picture = Image.open(arguments.picture).convert("RGB")
    side = min(picture.size)
    picture.crop((0, 0, side, side)).resize((size, size), Image.Resampling.BILINEAR).save(path)
    return path


def read_pixels(path):
    """[1, 3, height, width] in -1 to 1."""
    values = np.asarray(Image.open(path), dtype=np.float32) / 127.5 - 1
    return torch.from_numpy(values).permute(2, 0, 1)[None].contiguous()


# Peers of the tokenizer ----------------------------------------------------------------------------------------------


class PyTorch:
    """PyTorch in eager mode."""

    def __init__(self, arguments, folder, size):
        self.tokenizer = read_tokenizer(folder)
        self.side = size // self.tokenizer.factor()

    def run(self, stage, x):
        if stage == "decode":
            return self.tokenizer.decode(x, self.side, self.side)
        return getattr(self.tokenizer, stage)(x)


class OnnxRuntime:
    """onnxruntime on the processor."""

    def __init__(self, arguments, folder, size):
        import onnxruntime

        tokenizer = read_tokenizer(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = arguments.threads
        options.inter_op_num_threads = 1
        paths = export(tokenizer, size, Path(arguments.work) / "onnx" / Path(folder).name)
        self.sessions = {
            stage: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for stage, path in paths.items()
        }

    def run(self, stage, x):
        return torch.from_numpy(self.sessions[stage].run(None, {"x": x.numpy()})[0])


IN_PROCESS = {"pytorch": PyTorch, "onnxruntime": OnnxRuntime}


def stage_inputs(peer, pixels):
    """What each stage takes, and the last result."""
    latents = peer.run("encode", pixels)
    tokens = peer.run("lookup", latents)
    return {"encode": pixels, "lookup": latents, "decode": tokens}


def ibq_stages(arguments, folder, size):
    report = json.loads(run_ibq(arguments, "bench", "--size", size, "--model", folder, "--json"))
    return {stage["stage"]: stage["ms"] for stage in report["stages"]}


def ibq_tokens(arguments, folder, picture):
    path = Path(arguments.work) / "tokens.json"
    path.unlink(missing_ok=True)
    run_ibq(arguments, "encode", picture, "--model", folder, "-o", path)
    return torch.tensor(json.loads(path.read_text())["tokens"]).flatten()


def compare_tokens(case, name, expected, found, scores):
    """Prints how many of a peer's tokens are PyTorch's, or nearly tied with them. Another difference is an error."""
    chosen = scores.gather(1, expected[:, None]) - scores.gather(1, found[:, None])
    span = scores.amax(1) - scores.amin(1)
    equal = expected == found
    near = ~equal & (chosen[:, 0].abs() <= NEAR_TIE * span)
    other = int((~equal & ~near).sum())
    put("tokens", case, name, int(equal.sum()), int(near.sum()), other)
    return other


def measure_tokenizer(arguments):
    folder, size = arguments.folder, arguments.size
    case = f"{Path(folder).name} {size}"
    if Path(folder).name == "official":
        write_official(folder)
    picture = write_picture(arguments, size)
    pixels = read_pixels(picture)

    say(f"{case}: opening the models")
    peers = {name: kind(arguments, folder, size) for name, kind in IN_PROCESS.items()}
    inputs = stage_inputs(peers["pytorch"], pixels)
    scores = peers["pytorch"].tokenizer.quantize.scores(inputs["lookup"])[0]
    expected = inputs["decode"][0]
    found = {name: stage_inputs(peer, pixels)["decode"][0] for name, peer in peers.items()}
    found["ibq"] = ibq_tokens(arguments, folder, picture)
    wrong = sum(compare_tokens(case, name, expected, tokens, scores) for name, tokens in found.items())
    if wrong:
        sys.exit(f"{case}: {wrong} tokens differ from PyTorch's, and are no near-ties")

    for number in range(arguments.rounds):
        say(f"{case}: round {number + 1} of {arguments.rounds}")
        for stage, ms in ibq_stages(arguments, folder, size).items():
            put("time", case, stage, "ibq", ms)
        for name, peer in peers.items():
            for stage, x in inputs.items():
                # The first run brings caches and clocks up, and is not counted; ibq's first run of three does the same.
                times = [milliseconds(lambda: peer.run(stage, x)) for _ in range(REPEATS)]
                put("time", case, stage, name, min(times))
            # Threads that wait busily for more work end before the next peer begins.
            time.sleep(0.3)
    measure_memory(arguments, case)


# Memory --------------------------------------------------------------------------------------------------------------


def measure_memory(arguments, case):
    """The peak of encoding, looking up and decoding, above that of the smallest picture, in processes of their own."""
    if not sys.platform.startswith("linux"):
        return put("missing", "memory", "resident memory is read from Linux's /proc")
    small = write_picture(arguments, 16)
    large = write_picture(arguments, arguments.size)
    out = Path(arguments.work) / "reconstructed"
    peaks = []
    for picture in (small, large):
        shutil.rmtree(out, ignore_errors=True)
        command = [arguments.ibq, "reconstruct", picture, "--model", arguments.folder, "-o", out, "--device", "cpu",
                   "--threads", str(arguments.threads)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"`{' '.join(map(str, command))}` ended with {process.returncode}")
        peaks.append(1024 * usage.ru_maxrss)
    put("memory", case, "ibq", peaks[1] - peaks[0])
    for name in IN_PROCESS:
        words = [sys.executable, __file__, "memory", "--peer", name, "--ibq", arguments.ibq, "--work", arguments.work,
                 "--threads", str(arguments.threads), "--folder", arguments.folder, "--size", str(arguments.size),
                 "--picture", arguments.picture]
        put("memory", case, name, subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def proc_bytes(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {field}")


def print_memory(arguments):
    """In a process of its own: prints how far one picture raises the resident memory of one peer."""
    peer = IN_PROCESS[arguments.peer](arguments, arguments.folder, arguments.size)
    pixels = read_pixels(Path(arguments.work) / f"picture-{arguments.size}.png")
    # What loading freed goes back to the system, so that it cannot hide what running needs.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = proc_bytes("VmRSS")
    inputs = stage_inputs(peer, pixels)
    peer.run("decode", inputs["decode"])
    print(proc_bytes("VmHWM") - before)


# Transformer ---------------------------------------------------------------------------------------------------------


def compare_transformer(arguments):
    """Greedy tokens of the bundled transformer: PyTorch is given ibq's tokens and must find each the most probable."""
    case = "scenes-ar"
    transformer = read_transformer(Path(arguments.models) / "scenes-ar")
    out = Path(arguments.work) / "generated"
    shutil.rmtree(out, ignore_errors=True)
    run_ibq(arguments, "generate", "--class", 0, "--temperature", 0, "--cfg", 1, "--precision", "f32", "--tokens",
            "--model", Path(arguments.models) / "scenes-ar", "-o", out)
    found = torch.tensor(json.loads((out / "tokens.json").read_text())["tokens"]).flatten()
    state = transformer.start([0])
    rows = []
    for position in range(len(found)):
        token = found[position - 1 : position]
        x = transformer.tok_emb(token) if position else state["class"]
        rows.append(transformer.logits(x, position, state)[0])
    scores = torch.stack(rows)
    if compare_tokens(case, "ibq", scores.argmax(1), found, scores):
        sys.exit(f"{case}: tokens differ from PyTorch's, and are no near-ties")


def time_pytorch_tokens(transformer, guided):
    """Milliseconds of a token in the middle of a picture, the mean of TIMED_TOKENS, as `ibq bench --generate` times them."""
    config = transformer.config
    state = transformer.start([0, config["class_num"]] if guided else [0])
    tokens = torch.zeros(2 if guided else 1, dtype=torch.int64)
    first = (config["block_size"] - TIMED_TOKENS) // 2
    tokens = transformer.step(tokens, first, state)
    started = time.perf_counter()
    for position in range(first + 1, first + 1 + TIMED_TOKENS):
        tokens = transformer.step(tokens, position, state)
    return 1e3 * (time.perf_counter() - started) / TIMED_TOKENS


def measure_transformer(arguments):
    say("scenes-ar: comparing greedy tokens")
    compare_transformer(arguments)
    say("size B: drawing random weights")
    torch.manual_seed(1)
    transformer = Transformer(SIZE_B).eval().requires_grad_(False)
    for number in range(arguments.rounds):
        for precision in ("f32", "f16", "int8", "int4"):
            say(f"size B: round {number + 1} of {arguments.rounds}, ibq {precision}")
            report = json.loads(run_ibq(arguments, "bench", "--generate", "--size-like", "B", "--precision", precision,
                                        "--tokens", TIMED_TOKENS, "--json"))
            for speed in report["speeds"]:
                if speed["pictures"] == 1:
                    stage = "guided token" if speed["guided"] else "token"
                    put("time", "size B", stage, f"ibq {precision}", speed["ms_per_token"])
        say(f"size B: round {number + 1} of {arguments.rounds}, PyTorch f32")
        for stage, guided in (("token", False), ("guided token", True)):
            put("time", "size B", stage, "pytorch", time_pytorch_tokens(transformer, guided))


def print_versions():
    import onnx
    import onnxruntime

    versions = {"Python": sys.version.split()[0], "PyTorch": torch.__version__, "onnxruntime": onnxruntime.__version__,
                "onnx": onnx.__version__}
    for name, version in versions.items():
        put("version", name, version)


def write_browser_files(arguments):
    """What the browser's page reads: ONNX files, and pictures."""
    tokenizer = read_tokenizer(arguments.folder)
    export(tokenizer, arguments.size, Path(arguments.work) / "onnx" / Path(arguments.folder).name)
    picture = write_picture(arguments, arguments.size)
    tokens = tokenizer.lookup(tokenizer.encode(read_pixels(picture)))[0]
    picture.with_suffix(".tokens.json").write_text(json.dumps(tokens.tolist()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["versions", "tokenizer", "memory", "transformer", "browser-files"])
    parser.add_argument("--ibq", help="the program")
    parser.add_argument("--work", help="folder for what is made on the way")
    parser.add_argument("--models", help="folder of the bundled models")
    parser.add_argument("--folder", help="folder of the tokenizer; one called `official` is made")
    parser.add_argument("--picture", help="a picture file")
    parser.add_argument("--size", type=int, help="side in pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", choices=IN_PROCESS, help="whose memory is measured")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    actions = {"tokenizer": measure_tokenizer, "memory": print_memory, "transformer": measure_transformer,
               "browser-files": write_browser_files}
    with torch.inference_mode():
        if arguments.what == "versions":
            print_versions()
        else:
            actions[arguments.what](arguments)


if __name__ == "__main__":
    main()
