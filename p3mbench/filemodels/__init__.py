"""Methods that exist as files: a TOML file describes a model in ONNX, TorchScript or transformers.

`reading` reads and checks the TOML file, `definition` holds its content, `arrays` prepares the
input and finishes the output. `onnx_model`, `torchscript_model` and `transformers_model` run the
file. `finding` makes methods of TOML files, for `p3mbench.registry`.
"""
