"""Harmless ONNX models, as exporters write them."""

from cases import PACKAGES, case

PACKAGES |= {
    "onnx": ["onnx", "numpy"],
    "skl2onnx": ["skl2onnx", "scikit-learn", "onnx"],
    "tf2onnx": ["tf2onnx", "tensorflow-cpu", "onnx"],
    "torch-onnx": ["torch", "onnxscript", "onnx"],
    "onnxmltools": ["onnxmltools", "lightgbm", "xgboost", "onnx"],
    "onnxscript": ["onnxscript", "onnx"],
    "onnx-ir": ["onnx-ir", "onnx"],
    "onnxruntime": ["onnxruntime", "onnx"],
    "keras-onnx": ["keras", "tensorflow-cpu", "tf2onnx"],
}

# A convolution, as most of the models here begin.
NET = """
    import numpy as np, onnx
    from onnx import TensorProto, helper, numpy_helper
    rng = np.random.default_rng(0)
    weights = {"conv.weight": rng.random((4, 3, 3, 3), np.float32),
               "conv.bias": np.zeros(4, np.float32), "fc.weight": rng.random((4, 2), np.float32)}
    nodes = [helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["c"], "conv", pads=[1] * 4),
             helper.make_node("Relu", ["c"], ["r"]),
             helper.make_node("GlobalAveragePool", ["r"], ["p"]),
             helper.make_node("Flatten", ["p"], ["f"]),
             helper.make_node("MatMul", ["f", "fc.weight"], ["y"])]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()])
    model = helper.make_model(graph, producer_name="team", opset_imports=[helper.make_opsetid("", 17)])
"""


def on_net(name, more, library="onnx"):
    case(library, name, NET + more)


on_net("helper", """
    model.doc_string = "A small net."
    onnx.checker.check_model(model)
    onnx.save(model, "model.onnx")
""")
on_net("metadata-of-a-detector", """
    helper.set_model_props(model, {
        "description": "Ultralytics YOLOv8n model trained on coco.yaml", "author": "Ultralytics",
        "date": "2026-11-21T10:00:00.000000", "version": "8.3.0", "license": "AGPL-3.0 License",
        "docs": "https://docs.ultralytics.com", "stride": "32", "task": "detect", "batch": "1",
        "imgsz": "[640, 640]", "names": str({n: f"class {n}" for n in range(80)}),
        "args": "{'batch': 1, 'half': False, 'dynamic': True, 'simplify': True, 'opset': None}"})
    onnx.save(model, "yolo.onnx")
""")
on_net("metadata-with-digests-and-base64", """
    import base64, hashlib, json
    config = json.dumps({"labels": [f"l{n}" for n in range(30)], "mean": [0.485, 0.456, 0.406]})
    helper.set_model_props(model, {
        "sha256": hashlib.sha256(b"x").hexdigest(),
        "digest": base64.b64encode(hashlib.sha256(b"x").digest()).decode(),
        "signature": base64.b64encode(hashlib.sha512(b"x").digest() * 3).decode(),
        "config": config, "config64": base64.b64encode(config.encode()).decode(),
        "onnx.infer": "onnxruntime.quant", "onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(model, "model.onnx")
""")
on_net("external-data-in-one-file", """
    onnx.save(model, "model.onnx", save_as_external_data=True, location="model.onnx.data",
              size_threshold=0)
""")
on_net("external-data-in-a-file-for-each", """
    onnx.save(model, "net/model.onnx", save_as_external_data=True, all_tensors_to_one_file=False,
              size_threshold=0)
""".replace('    onnx.save', '    import os\n    os.mkdir("net")\n    onnx.save'))
on_net("external-data-of-attributes", """
    constant = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(rng.random(64, np.float32)))
    model.graph.node.append(constant)
    onnx.save(model, "model.onnx", save_as_external_data=True, location="weights.bin",
              size_threshold=0, convert_attribute=True)
""")
on_net("shape-inference", """
    onnx.save(onnx.shape_inference.infer_shapes(model), "inferred.onnx")
""")
on_net("newest-opset", """
    onnx.save(onnx.version_converter.convert_version(model, 25), "model.onnx")
""")
on_net("metadata-at-every-level", """
    entry = onnx.StringStringEntryProto(key="k", value="some value of this")
    for holder in (model.graph, model.graph.node[0], model.graph.initializer[0], model.graph.input[0]):
        holder.metadata_props.append(entry)
        holder.doc_string = "described"
    onnx.save(model, "model.onnx")
""")
case("onnx", "element-types", """
    import numpy as np, onnx
    from onnx import TensorProto, helper
    graph = onnx.GraphProto(name="types")
    graph.node.append(helper.make_node("Identity", ["FLOAT"], ["y"]))
    for name, number in TensorProto.DataType.items():
        if name in ("UNDEFINED", "STRING") or name.startswith("FLOAT6"):
            continue
        values = [0, 1, 1] if "COMPLEX" in name or "INT" in name or name == "BOOL" else [0, 1.0, 0.5]
        graph.initializer.append(helper.make_tensor(name, number, [3], values))
        graph.initializer.append(helper.make_tensor(name + "_empty", number, [0], []))
        if "4" in name and not "6" in name or name.startswith(("U", "I", "B")):
            raw = helper.make_tensor(name + "_raw", number, [3],
                                     onnx.numpy_helper.to_array(graph.initializer[-2]).tobytes(), raw=True) \\
                if not name.endswith(("INT4", "INT2", "E2M1")) else None
            if raw:
                graph.initializer.append(raw)
    graph.initializer.append(helper.make_tensor("STRING", TensorProto.STRING, [2], [b"a", "gr\\xfc\\xdfe".encode()]))
    graph.initializer.append(helper.make_tensor("scalar", TensorProto.INT64, [], [7]))
    onnx.save(helper.make_model(graph), "types.onnx")
""")
case("onnx", "if-loop-scan", """
    import onnx
    onnx.save(onnx.parser.parse_model('''
        <ir_version: 9, opset_import: ["" : 19]>
        flow (float[N] x, bool flag) => (float[N] y, float[M, N] z, float[N] w)
        {
            y = If (flag) <then_branch = yes () => (float[N] a) { a = Relu(x) },
                           else_branch = no () => (float[N] b) { b = Neg(x) }>
            trip = Constant <value = int64 {3}> ()
            w, z = Loop (trip, flag, x) <body = body (int64 i, bool c, float[N] v)
                => (bool d, float[N] u, float[N] s) { d = Identity(c) u = Add(v, v) s = If (d) <
                    then_branch = deep () => (float[N] e) { e = Abs(u) },
                    else_branch = deeper () => (float[N] f) { f = Sqrt(u) }> }>
        }
    '''), "flow.onnx")
""")
case("onnx", "scan-of-the-test-suite", """
    import numpy as np, onnx
    from onnx import TensorProto, helper
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Add", ["sum_in", "next"], ["sum_out"]), helper.make_node("Identity", ["sum_out"], ["out"])],
        "body", [value("sum_in", TensorProto.FLOAT, [2]), value("next", TensorProto.FLOAT, [2])],
        [value("sum_out", TensorProto.FLOAT, [2]), value("out", TensorProto.FLOAT, [2])])
    node = helper.make_node("Scan", ["initial", "x"], ["y", "z"], num_scan_inputs=1, body=body)
    graph = helper.make_graph([node], "scan", [value("initial", 1, [2]), value("x", 1, [3, 2])],
                              [value("y", 1, [2]), value("z", 1, [3, 2])])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)]), "scan.onnx")
""")
case("onnx", "functions", """
    import onnx
    onnx.save(onnx.parser.parse_model('''
        <ir_version: 10, opset_import: ["" : 21, "team.blocks" : 1]>
        main (float[N] x) => (float[N] y) { h = team.blocks.Swish <beta = 1.5> (x) y = team.blocks.Twice(h) }
        <domain: "team.blocks", opset_import: ["" : 21], doc_string: "x * sigmoid">
        Swish <beta: float = 1.0> (x) => (y) {
            b = Constant <value_float: float = @beta> ()
            s = Mul (x, b) t = Sigmoid (s) y = Mul (x, t) }
        <domain: "team.blocks", opset_import: ["" : 21]>
        Twice (x) => (y) { y = Add (x, x) }
    '''), "functions.onnx")
""")
case("onnx", "values-that-are-no-tensors", """
    import numpy as np, onnx
    from onnx import TensorProto, helper
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, ["n", 3])
    kinds = {"list": helper.make_sequence_type_proto(tensor),
             "maybe": helper.make_optional_type_proto(helper.make_sequence_type_proto(tensor)),
             "map": helper.make_map_type_proto(TensorProto.STRING, tensor),
             "sparse": helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [5])}
    graph = helper.make_graph([helper.make_node("SequenceAt", ["list", "i"], ["y"])], "kinds",
                              [helper.make_value_info(n, k) for n, k in kinds.items()]
                              + [helper.make_tensor_value_info("i", TensorProto.INT64, [])],
                              [helper.make_value_info("y", tensor)])
    values = helper.make_tensor("s", TensorProto.FLOAT, [2], [1.0, 2.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [2], [0, 4])
    graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [5]))
    graph.node.append(helper.make_node("Constant", [], ["c"], sparse_value=helper.make_sparse_tensor(values, indices, [5])))
    onnx.save(helper.make_model(graph), "kinds.onnx")
""")
case("onnx", "training-information", """
    import onnx
    from onnx import TensorProto, helper
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "net", [value], [out], [weight])
    step = helper.make_graph([helper.make_node("Sub", ["w", "x"], ["y"])], "step", [value], [out])
    first = helper.make_graph([helper.make_node("RandomNormal", [], ["y"], shape=[1])], "first", [], [out])
    model = helper.make_model(graph)
    model.training_info.append(helper.make_training_info(step, [("w", "y")], first, [("w", "y")]))
    onnx.save(model, "training.onnx")
""")
case("onnx", "test-case-of-a-node", """
    import onnx
    from onnx.backend.test.loader import load_model_tests
    from onnx.backend.test.case.node import collect_testcases
    cases = {case.name: case for case in collect_testcases(None)}
    for name in ("test_lstm_defaults", "test_loop13_seq", "test_ai_onnx_ml_tree_ensemble_single_tree",
                 "test_strnormalizer_export_monday_casesensintive_lower", "test_quantizelinear_e4m3fn"):
        onnx.save(cases[name].model, name + ".onnx")
""")


def sklearn(name, imports, model, data="x = np.random.default_rng(0).random((30, 3), np.float32)", to=""):
    case("skl2onnx", name, f"""
        import numpy as np
        from skl2onnx import to_onnx
        {imports}
        {data}
        y = np.arange(30) % 3
        model = {model}.fit(x, y)
        open("model.onnx", "wb").write(to_onnx(model, x[:1]{to}).SerializeToString())
    """)


sklearn("logistic-regression", "from sklearn.linear_model import LogisticRegression", "LogisticRegression()")
sklearn("random-forest", "from sklearn.ensemble import RandomForestClassifier",
        "RandomForestClassifier(n_estimators=2, max_depth=3, random_state=0)")
sklearn("boosting", "from sklearn.ensemble import GradientBoostingRegressor",
        "GradientBoostingRegressor(n_estimators=2, max_depth=2, random_state=0)")
sklearn("support-vectors", "from sklearn.svm import SVC", "SVC(probability=True, random_state=0)")
sklearn("clusters", "from sklearn.cluster import KMeans", "KMeans(3, n_init=1, random_state=0)")
sklearn("perceptron", "from sklearn.neural_network import MLPClassifier",
        "MLPClassifier((4,), max_iter=5, random_state=0)")
sklearn("pipeline", "from sklearn.pipeline import make_pipeline\n        from sklearn.preprocessing import StandardScaler\n"
        "        from sklearn.decomposition import PCA\n        from sklearn.neighbors import KNeighborsClassifier",
        "make_pipeline(StandardScaler(), PCA(2), KNeighborsClassifier(2))")
sklearn("options-without-a-map", "from sklearn.linear_model import LogisticRegression", "LogisticRegression()",
        to=", options={LogisticRegression: {'zipmap': False}}, target_opset=15")
case("skl2onnx", "words", """
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import StringTensorType
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    text = ["a good film", "a bad film", "eval (this) film", "cos\\nsystem\\n"]
    model = make_pipeline(TfidfVectorizer(token_pattern="[a-zA-Z]+"), LogisticRegression()).fit(text, [1, 0, 1, 0])
    open("words.onnx", "wb").write(
        to_onnx(model, initial_types=[("text", StringTensorType([None]))]).SerializeToString())
""")
case("skl2onnx", "columns", """
    import pandas as pd
    from skl2onnx import to_onnx
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    table = pd.DataFrame({"city": ["a", "b", "c", "a"], "rooms": [1.0, 2.0, 3.0, 4.0]})
    columns = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["rooms"]))
    model = make_pipeline(columns, Ridge()).fit(table, [1, 2, 3, 4])
    open("columns.onnx", "wb").write(to_onnx(model, table[:1]).SerializeToString())
""")

case("tf2onnx", "function", """
    import numpy as np, tensorflow as tf, tf2onnx
    weight = tf.constant(np.ones((3, 2), np.float32))
    function = tf.function(lambda x: tf.nn.softmax(tf.matmul(x, weight)))
    tf2onnx.convert.from_function(function, [tf.TensorSpec((None, 3), tf.float32, name="x")],
                                  opset=17, output_path="model.onnx")
""")
case("tf2onnx", "while-loop", """
    import tensorflow as tf, tf2onnx
    @tf.function
    def function(x):
        body = lambda n, total: (n + 1, tf.cond(tf.reduce_sum(x) > 0, lambda: total + x, lambda: total - x))
        return tf.while_loop(lambda n, total: n < 3, body, (tf.constant(0), tf.zeros_like(x)))[1]
    tf2onnx.convert.from_function(function, [tf.TensorSpec((2,), tf.float32, name="x")],
                                  opset=15, output_path="model.onnx")
""")
case("keras-onnx", "dense", """
    import os
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2)])
    model(__import__("numpy").zeros((1, 3), "float32"))
    model.export("model.onnx", format="onnx", verbose=False)
""")

TORCH = """
    import torch
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.fc = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2)
        def forward(self, x):
            return self.fc(torch.relu(self.norm(self.conv(x))).mean((2, 3)))
    torch.manual_seed(0)
    net, x = Net().eval(), torch.zeros(1, 3, 8, 8)
"""
case("torch-onnx", "dynamo", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=True, external_data=False, verbose=False)
""")
case("torch-onnx", "dynamo-with-external-data", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=True, verbose=False)
""")
case("torch-onnx", "legacy", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=False, opset_version=17, input_names=["x"],
                      output_names=["y"], dynamic_axes={"x": {0: "batch"}})
""")
case("torch-onnx", "legacy-training", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=False, training=torch.onnx.TrainingMode.TRAINING,
                      export_params=True, keep_initializers_as_inputs=True, do_constant_folding=False)
""")
case("torch-onnx", "legacy-without-weights", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=False, export_params=False)
""")
case("torch-onnx", "legacy-script-with-control-flow", """
    import torch
    unit = torch.jit.CompilationUnit('''
    def function(x):
        for _ in range(3):
            if bool(x.sum() > 0):
                x = x * 2
            else:
                x = x - 1
        return x
    ''')
    class Net(torch.nn.Module):
        def forward(self, x):
            return unit.function(x)
    net = torch.jit.trace(Net(), (torch.ones(2),))
    torch.onnx.export(net, (torch.ones(2),), "model.onnx", dynamo=False)
""")
case("torch-onnx", "legacy-modules-as-functions", TORCH + """
    torch.onnx.export(net, (x,), "model.onnx", dynamo=False, export_modules_as_functions={torch.nn.BatchNorm2d},
                      opset_version=15)
""")

for name, imports, fit, convert in [
    ("lightgbm", "from lightgbm import LGBMClassifier", "LGBMClassifier(n_estimators=2, num_leaves=3, min_child_samples=1, verbose=-1)", "convert_lightgbm"),
    ("xgboost", "from xgboost import XGBRegressor", "XGBRegressor(n_estimators=2, max_depth=2)", "convert_xgboost"),
]:
    case("onnxmltools", name, f"""
        import numpy as np, onnxmltools
        from onnxmltools.convert.common.data_types import FloatTensorType
        {imports}
        x = np.random.default_rng(0).random((20, 3), np.float32)
        model = {fit}.fit(x, np.arange(20) % 2)
        made = onnxmltools.{convert}(model, initial_types=[("x", FloatTensorType([None, 3]))], target_opset=15)
        onnxmltools.utils.save_model(made, "model.onnx")
    """)

case("onnxscript", "functions", """
    import importlib, onnx, os, pathlib, sys
    sys.dont_write_bytecode = True
    pathlib.Path("net.py").write_text("\\n".join([
        'from onnxscript import FLOAT, opset18 as op, script', 'from onnxscript.values import Opset',
        'own = Opset("team.ops", 1)', '@script(own)', 'def gelu(x):',
        '    return x * (op.Erf(x / op.Sqrt(2.0)) + 1.0) / 2.0',
        '@script()', 'def net(x: FLOAT["N"]) -> FLOAT["N"]:', '    y = gelu(x)',
        '    if op.ReduceSum(y) > 0.0:', '        z = op.Neg(y)', '    else:', '        z = op.Abs(y)',
        '    return z', '']))
    sys.path.insert(0, "")
    onnx.save(importlib.import_module("net").net.to_model_proto(), "model.onnx")
    os.remove("net.py")
""")
on_net("saved", """
    import onnx_ir
    onnx_ir.save(onnx_ir.serde.deserialize_model(model), "model.onnx", external_data="model.data",
                 size_threshold_bytes=64)
""", "onnx-ir")
NET += """    model.ir_version = 10
"""
on_net("quantized-dynamic", """
    from onnxruntime.quantization import quantize_dynamic
    onnx.save(model, "float.onnx")
    quantize_dynamic("float.onnx", "quantized.onnx")
""", "onnxruntime")
on_net("quantized-static", """
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    class Reader(CalibrationDataReader):
        rows = iter([{"x": np.ones((1, 3, 8, 8), np.float32)}])
        def get_next(self):
            return next(self.rows, None)
    onnx.save(model, "float.onnx")
    quantize_static("float.onnx", "quantized.onnx", Reader())
    import os
    os.remove("float.onnx")
""", "onnxruntime")
on_net("optimized", """
    import onnxruntime
    for level in ("ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        options.optimized_model_filepath = level.lower() + ".onnx"
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
""", "onnxruntime")
on_net("optimized-with-external-data", """
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = "optimized.onnx"
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "optimized.data")
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "16")
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
""", "onnxruntime")
case("onnxruntime", "attention-in-four-bits", """
    import numpy as np, onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    weight = numpy_helper.from_array(np.random.default_rng(0).random((64, 32), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["m"]),
         helper.make_node("MultiHeadAttention", ["m", "m", "m"], ["a"], domain="com.microsoft", num_heads=4),
         helper.make_node("SimplifiedLayerNormalization", ["a", "g"], ["y"])],
        "block", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "n", 32])],
        [weight, helper.make_tensor("g", TensorProto.FLOAT, [32], [1.0] * 32)])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)])
    quantizer = MatMulNBitsQuantizer(model, block_size=16)
    quantizer.process()
    quantizer.model.save_model_to_file("model.onnx")
""")
