"""Widgets that live in JupyterLab, in Colab and in the static page, from one script each."""

from mha_book.widgets.alignment_viewer import AlignmentViewer
from mha_book.widgets.attention_stepper import AttentionStepper
from mha_book.widgets.decoding_playground import DecodingPlayground
from mha_book.widgets.head_explorer import HeadExplorer
from mha_book.widgets.kv_cache_calculator import KVCacheCalculator
from mha_book.widgets.mask_laboratory import MaskLaboratory
from mha_book.widgets.position_schemes import PositionSchemes
from mha_book.widgets.residual_stream import ResidualStream
from mha_book.widgets.shape_tracer import ShapeTracer
from mha_book.widgets.softmax_temperature import SoftmaxTemperature

__all__ = [
    "AlignmentViewer",
    "AttentionStepper",
    "DecodingPlayground",
    "HeadExplorer",
    "KVCacheCalculator",
    "MaskLaboratory",
    "PositionSchemes",
    "ResidualStream",
    "ShapeTracer",
    "SoftmaxTemperature",
]
