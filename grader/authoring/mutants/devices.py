"""Mistakes with devices and number types."""

from grader.authoring.mutants.model import make_argument_operator, make_value_operator

OPERATORS = (
    make_value_operator("cpu-only", "a tensor is made on the CPU: IBM/pytorch-seq2seq#123, sooftware/kospeech#10"),
    make_argument_operator("cpu-only-argument", "an input is taken to the CPU: rohitg00#47", "cpu-only"),
    make_value_operator("half-precision", "half precision left on: thu-ml/SageAttention#104"),
    make_value_operator("double-precision", "float64 in a result, as numpy makes it: NVIDIA/apex#667"),
)
