"""Widgets keep to what ipywidgets 7 and 8 share, so they live in Colab, which has the older one.

``make rehearse`` runs these tests under ipywidgets 7.7.1 as well.
"""

import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mha_book import widgets

MANAGER = "https://colab.example/manager.js"
CLASSES = [getattr(widgets, name) for name in widgets.__all__]
VIEW = "application/vnd.jupyter.widget-view+json"

# ipywidgets 7 warns of its own age wherever a widget is made
pytestmark = [
    pytest.mark.filterwarnings("ignore:Deprecated in traitlets 4.1"),
    pytest.mark.filterwarnings("ignore:The `ipykernel.comm.Comm` class has been deprecated"),
]


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Colab has been asked for, by way of the two names of its module that anywidget uses."""
    asked: list[str] = []
    output = ModuleType("google.colab.output")
    output.enable_custom_widget_manager = lambda: asked.append("manager")  # type: ignore[attr-defined]
    output._widgets = SimpleNamespace(_installed_url=MANAGER)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    from anywidget import _util

    _util.enable_custom_widget_manager_once.cache_clear()
    return asked


@pytest.mark.parametrize("cls", CLASSES)
def test_colab_is_asked_for_its_manager_of_custom_widgets(cls: Any, colab: list[str]) -> None:
    widget = cls()
    data, metadata = widget._repr_mimebundle_()
    assert colab == ["manager"]
    assert data[VIEW]["model_id"] == widget.model_id
    assert metadata[VIEW] == {"colab": {"custom_widget_manager": {"url": MANAGER}}}


@pytest.mark.parametrize("cls", CLASSES)
def test_the_state_is_json_and_bytes(cls: Any) -> None:
    state = cls().get_state()
    plain = {name: value for name, value in state.items() if not isinstance(value, bytes)}
    assert json.loads(json.dumps(plain, allow_nan=False)).keys() == plain.keys()
    assert {name for name in state if name not in plain} <= {"data"}
    assert {"_esm", "_css", "language"} <= plain.keys()


@pytest.mark.parametrize("cls", CLASSES)
def test_a_message_of_the_front_end_sets_a_trait(cls: Any) -> None:
    widget = cls()
    update = {"method": "update", "state": {"language": "zh_CN"}, "buffer_paths": []}
    widget._handle_msg({"content": {"data": update}, "buffers": []})
    assert widget.language == "zh_CN"
