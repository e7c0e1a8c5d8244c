"""Harmless models of Keras 3 and of Keras 2 (`tf_keras`), in every layout."""

from cases import PACKAGES, case

PACKAGES |= {
    "keras": ["keras", "tensorflow-cpu", "h5py", "numpy"],
    "keras2": ["tf_keras", "tensorflow-cpu", "h5py", "numpy"],
}

START = """
    import os
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    from keras import layers as L
    keras.utils.set_random_seed(1)
"""
START_2 = START.replace("keras", "tf_keras as keras", 1).replace("from keras", "from tf_keras")


def keras(name, code, start=START, library="keras"):
    case(library, name, start + code)


keras("dense", """
    model = keras.Sequential([keras.Input((2,)), L.Dense(2, activation="relu",
        kernel_regularizer="l2", bias_constraint="non_neg"), L.Dropout(0.1), L.Dense(1)])
    model.save("dense.keras")
""")
keras("dense-in-hdf5", """
    model = keras.Sequential([keras.Input((2,)), L.Dense(1, activation="relu")])
    model.save("dense.h5")
""")
keras("compiled", """
    model = keras.Sequential([keras.Input((2,)), L.Flatten()])
    model.compile(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", keras.metrics.AUC(num_thresholds=3)])
    model.save("compiled.keras")
""")
keras("conv", """
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(1, 2), L.MaxPooling2D(),
        L.Flatten()])
    model.save("conv.keras")
""")
keras("conv-weights", """
    model = keras.Sequential([keras.Input((4, 4, 1)), L.Conv2D(1, 2), L.BatchNormalization()])
    model.save_weights("conv.weights.h5")
""")
keras("functional", """
    one = keras.Input((2,))
    two = L.Dense(2)(one)
    three = keras.ops.relu(two * 2.0 + 1)
    model = keras.Model(one, [L.Add()([two, three]), L.Concatenate()([one, two])])
    open("functional.json", "w").write(model.to_json())
""")
keras("nested-and-wrapped", """
    inner = keras.Sequential([keras.Input((3,)), L.Dense(1)])
    one = keras.Input((2, 3))
    two = L.TimeDistributed(inner)(one)
    three = L.Bidirectional(L.LSTM(1, return_sequences=True))(one)
    four = L.RNN([L.GRUCell(1), L.LSTMCell(1)], return_sequences=True)(one)
    model = keras.Model(one, [two, three, four])
    open("model.json", "w").write(model.to_json())
""")
keras("text-with-its-vocabulary", """
    model = keras.Sequential([keras.Input((1,), dtype="string"),
        L.TextVectorization(vocabulary=["red", "green"]), L.Embedding(4, 1)])
    model.save("text.keras")
""")
keras("lookups-with-their-vocabulary", """
    one = keras.Input((1,), dtype="string")
    two = keras.Input((1,), dtype="int64")
    model = keras.Model([one, two], [L.StringLookup(vocabulary=["x"])(one),
        L.IntegerLookup(vocabulary=[7])(two), L.Hashing(3)(one), L.CategoryEncoding(3)(two)])
    open("lookup.json", "w").write(model.to_json())
""")
keras("image-layers", """
    model = keras.Sequential([keras.Input((8, 8, 3)), L.RandomFlip(), L.RandomRotation(0.1),
        L.Rescaling(1 / 255), L.Normalization(mean=0.0, variance=1.0), L.Resizing(4, 4)])
    open("model.json", "w").write(model.to_json())
""")
keras("attention-in-half-precision", """
    one = keras.Input((4, 4), dtype="float16")
    two = L.MultiHeadAttention(1, 2, dtype="mixed_float16",
        kernel_initializer=keras.initializers.HeNormal(seed=1))(one, one)
    two = L.LayerNormalization(gamma_initializer="ones")(two)
    model = keras.Model(one, two)
    open("model.json", "w").write(model.to_json())
""")
keras("registered-layer", """
    @keras.saving.register_keras_serializable(package="acme")
    class Scale(L.Layer):
        def __init__(self, by=2, **more):
            super().__init__(**more)
            self.by = by
        def call(self, x):
            return x * self.by
        def get_config(self):
            return super().get_config() | {"by": self.by}

    model = keras.Sequential([keras.Input((2,)), Scale(3)])
    model.save("scale.keras")
""")
keras("registered-loss", """
    @keras.saving.register_keras_serializable(package="acme")
    def loss(true, predicted):
        return predicted

    model = keras.Sequential([keras.Input((2,)), L.Flatten()])
    model.compile(loss=loss)
    model.save("flatten.keras")
""")
keras("subclassed", """
    class Net(keras.Model):
        def __init__(self, units=1, **more):
            super().__init__(**more)
            self.dense = L.Dense(units)
        def call(self, x):
            return self.dense(x)

    model = Net()
    model(keras.ops.zeros((1, 2)))
    model.save("net.keras")
""")
keras("function-of-keras-in-a-lambda-layer", """
    model = keras.Sequential([keras.Input((2,)), L.Lambda(keras.ops.square, output_shape=(2,))])
    open("model.json", "w").write(model.to_json())
""")

keras("dense", """
    model = keras.Sequential([L.Dense(1, activation="relu", input_shape=(2,))])
    model.compile("sgd", loss="mse", metrics=["mae", keras.metrics.AUC(num_thresholds=3)])
    model.save("dense.h5")
""", START_2, "keras2")
keras("compiled", """
    model = keras.Sequential([L.Flatten(input_shape=(2,))])
    model.compile("rmsprop", loss="mse")
    model.save("flatten.keras")
""", START_2, "keras2")
keras("wrapped", """
    one = keras.Input((2, 3))
    two = L.Bidirectional(L.GRU(1, return_sequences=True))(one)
    three = L.TimeDistributed(L.Dense(1))(two)
    model = keras.Model(one, keras.backend.relu(three) + 1.0)
    open("model.json", "w").write(model.to_json())
""", START_2, "keras2")
keras("tensorflow-functions-as-layers", """
    import tensorflow as tf
    one = keras.Input((2,))
    two = tf.math.reduce_sum(tf.nn.relu(one) * 2.0, axis=1)
    model = keras.Model(one, [two, tf.concat([one, one], 1), one[:, 0]])
    open("model.json", "w").write(model.to_json())
""", START_2, "keras2")
