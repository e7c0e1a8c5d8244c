"""Harmless TensorFlow models. Run with tensorflow-cpu, keras, tensorflow-text and tf-keras."""

import textwrap

from cases import PACKAGES, case

PACKAGES["tensorflow"] = ["tensorflow-cpu", "keras"]
PACKAGES["tensorflow-text"] = ["tensorflow-text", "tensorflow-cpu"]
PACKAGES["tf-keras"] = ["tf-keras", "tensorflow-cpu"]

HEAD = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
tf.random.set_seed(0)
"""
# A model folder with its functions and objects is larger than a page; packed it is not.
PACK = """
import pathlib, zipfile
with zipfile.ZipFile("model.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(pathlib.Path("model").rglob("*")):
        archive.write(path, path) if path.is_file() else None
import shutil
shutil.rmtree("model")
"""


def model(name, code, library="tensorflow", head=HEAD, packed=True):
    parts = [head, textwrap.dedent(code), PACK if packed else ""]
    case(library, name, "\n".join(part.strip() for part in parts))


for name, code in {
    "keras-dense": """
        import keras
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2)])
        model.export("model", verbose=False)
    """,
    "keras-convolution": """
        import keras
        image = keras.Input((8, 8, 3))
        x = keras.layers.Rescaling(1 / 255)(image)
        x = keras.layers.Conv2D(2, 3)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.GlobalAveragePooling2D()(x)
        keras.Model(image, keras.layers.Dense(2, activation="softmax")(x)).export("model", verbose=False)
    """,
    "keras-recurrent": """
        import keras
        model = keras.Sequential([keras.Input((5,), dtype="int32"), keras.layers.Embedding(10, 2), keras.layers.LSTM(2)])
        model.export("model", verbose=False)
    """,
    "keras-subclassed": """
        import keras
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(2)
            def call(self, x, training=False):
                return self.dense(x)
        model = Net()
        model(tf.zeros((1, 3)))
        model.export("model", verbose=False)
    """,
    "keras-text-vectorization": """
        import keras
        layer = keras.layers.TextVectorization(max_tokens=20, output_sequence_length=4)
        layer.adapt(["the cat sat", "the dog ran"])
        model = keras.Sequential([keras.Input((1,), dtype="string"), layer, keras.layers.Embedding(20, 2)])
        model.export("model", verbose=False)
    """,
    "keras-string-lookup": """
        import keras
        x = keras.Input((1,), dtype="string")
        y = keras.layers.StringLookup(vocabulary=["red", "green"], output_mode="one_hot")(x)
        keras.Model(x, y).export("model", verbose=False)
    """,
    "table-with-asset": """
        open("vocab.txt", "w").write("the\\ncat\\n")
        class Module(tf.Module):
            def __init__(self):
                init = tf.lookup.TextFileInitializer("vocab.txt", tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                                                     tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
                self.table = tf.lookup.StaticVocabularyTable(init, 2)
            @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
            def __call__(self, words):
                return self.table.lookup(words)
        tf.saved_model.save(Module(), "model")
        os.remove("vocab.txt")
    """,
    "data-set-inside": """
        class Module(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
            def __call__(self, x):
                data = tf.data.Dataset.from_tensor_slices(x).map(lambda v: v * 2).batch(2).prefetch(1)
                return data.reduce(tf.constant(0, tf.int64), lambda total, batch: total + tf.reduce_sum(batch))
        tf.saved_model.save(Module(), "model")
    """,
    "control-flow": """
        class Module(tf.Module):
            def __init__(self):
                self.count = tf.Variable(0)
            @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
            def __call__(self, x):
                self.count.assign_add(1)
                step = lambda v: tf.cond(v > 1.0, lambda: v * 2.0, lambda: v + 1.0)
                x, = tf.while_loop(lambda v: v < 10.0, lambda v: (step(v),), [x])
                tf.print("done", x)
                tf.debugging.assert_positive(x)
                return tf.switch_case(tf.cast(x, tf.int32) % 2, [lambda: x, lambda: -x])
        tf.saved_model.save(Module(), "model")
    """,
    "ragged-and-strings": """
        class Module(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
            def __call__(self, text):
                words = tf.strings.split(tf.strings.lower(tf.strings.regex_replace(text, "[^a-z ]", "")))
                ids = tf.strings.to_hash_bucket_fast(words, 100)
                return {"ids": ids.to_tensor(), "joined": tf.strings.reduce_join(words, axis=-1, separator="/")}
        tf.saved_model.save(Module(), "model")
    """,
    "image-decoding": """
        class Module(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
            def __call__(self, images):
                def one(data):
                    image = tf.io.decode_image(data, channels=3, expand_animations=False)
                    return tf.image.resize(tf.image.convert_image_dtype(image, tf.float32), [8, 8])
                return tf.map_fn(one, images, fn_output_signature=tf.float32)
        tf.saved_model.save(Module(), "model")
    """,
    "training-step": """
        class Module(tf.Module):
            def __init__(self):
                self.w = tf.Variable([[1.0], [2.0]])
                self.rate = tf.constant(0.1)
            @tf.function(input_signature=[tf.TensorSpec([None, 2]), tf.TensorSpec([None, 1])])
            def train(self, x, y):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(tf.square(tf.matmul(x, self.w) - y))
                self.w.assign_sub(self.rate * tape.gradient(loss, self.w))
                return loss
            @tf.function(input_signature=[tf.TensorSpec([None, 2])])
            def predict(self, x):
                return tf.matmul(x, self.w)
        module = Module()
        tf.saved_model.save(module, "model", signatures={"train": module.train, "predict": module.predict})
    """,
    "example-parsing": """
        class Module(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
            def __call__(self, examples):
                return tf.io.parse_example(examples, {"x": tf.io.FixedLenFeature([2], tf.float32),
                                                      "tags": tf.io.VarLenFeature(tf.string)})["x"]
        tf.saved_model.save(Module(), "model")
    """,
}.items():
    model(name, code)

GRAPH = """
v1 = tf.compat.v1
open("vocab.txt", "w").write("the\\ncat\\n")
graph = tf.Graph()
with graph.as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    word = v1.placeholder(tf.string, [None], name="word")
    weights = v1.get_variable("weights", initializer=[[1.0], [2.0]])
    y = tf.matmul(x, weights, name="y")
    init = tf.lookup.TextFileInitializer("vocab.txt", tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                                         tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
    number = tf.lookup.StaticHashTable(init, -1).lookup(word)
    session.run([v1.global_variables_initializer(), v1.tables_initializer()])
"""
model("graph-with-session", GRAPH + """
    v1.saved_model.simple_save(session, "model", {"x": x, "word": word}, {"y": y, "number": number},
                               legacy_init_op=v1.tables_initializer())
os.remove("vocab.txt")
""", packed=False)
model("checkpoint-with-graph", """
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    weights = v1.get_variable("weights", initializer=[[1.0], [2.0]])
    loss = tf.reduce_mean(tf.matmul(x, weights))
    v1.train.GradientDescentOptimizer(0.1).minimize(loss, v1.train.get_or_create_global_step())
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, "model/model.ckpt", global_step=1)
""")
model("frozen-graph", """
v1 = tf.compat.v1
with tf.Graph().as_default() as graph, v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    weights = v1.get_variable("weights", initializer=[[1.0], [2.0]])
    tf.nn.relu(tf.matmul(x, weights), name="y")
    session.run(v1.global_variables_initializer())
    frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y"])
    tf.io.write_graph(frozen, ".", "frozen.pb", as_text=False)
    tf.io.write_graph(frozen, ".", "frozen.pbtxt", as_text=True)
    tf.io.write_graph(graph, ".", "graph.pbtxt", as_text=True)
""", packed=False)
model("saved-as-text", """
builder = tf.compat.v1.saved_model.Builder("model")
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, [None, 2], name="x")
    y = tf.identity(x * 2.0, name="y")
    info = v1.saved_model.build_tensor_info
    signature = v1.saved_model.build_signature_def({"x": info(x)}, {"y": info(y)}, "predict")
    builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
    builder.save(as_text=True)
""", packed=False)
case("tensorflow", "checkpoint-in-two-files", HEAD.strip() + """
checkpoint = tf.train.Checkpoint(w=tf.Variable([1.0, 2.0]), names=tf.Variable(["a", "b"]), step=tf.Variable(3))
checkpoint.write("model.ckpt")
""")
model("wordpiece", """
import tensorflow_text as text
class Module(tf.Module):
    def __init__(self):
        self.tokenizer = text.FastWordpieceTokenizer(["[UNK]", "the", "cat"], unknown_token="[UNK]",
                                                     token_out_type=tf.int64, no_pretokenization=True)
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, words):
        return self.tokenizer.tokenize(words).to_tensor()
tf.saved_model.save(Module(), "model")
""", library="tensorflow-text")
for name, layers in {
    "dense": "layers.Dense(2)",
    "convolution": "layers.Reshape((4, 1)), layers.Conv1D(2, 2), layers.Flatten(), layers.Dense(1)",
}.items():
    model(f"saved-model-{name}", f"""
os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tf_keras
from tf_keras import layers
model = tf_keras.Sequential([layers.Input((4,)), {layers}])
model.compile("adam", "mse")
model.save("model", save_format="tf")
""", library="tf-keras")
