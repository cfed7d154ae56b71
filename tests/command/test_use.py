"""What a run can be used for: scores and translations, and what nonsense is answered."""

import json

from mha_book import __main__ as command
from tests.command.cases import LAST, call


def test_a_run_is_evaluated(run):
    result = call("evaluate", run, "--split", "unseen", "--device", "cpu")
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["checkpoint"] == str(run / LAST)
    assert lines["corpus"] == "toy en-zh"
    assert lines["split"].startswith("unseen, 1000 pairs, digest ")
    assert lines["exact"] == "0"
    assert "tok:zh" in lines["signature"]
    as_json = call("evaluate", run / LAST, "--split", "unseen", "--device", "cpu", "--json")
    found = json.loads(as_json.stdout)
    assert f"{found['valid_loss']:.4g}" == lines["valid_loss"]


def test_what_cannot_be_evaluated_is_told(run, tmp_path):
    result = call("evaluate", run, "--split", "novel")
    assert "error: split='novel': toy has train, valid, test, longer, unseen" in result.stderr
    result = call("evaluate", tmp_path / "nowhere")
    assert f"error: there is no checkpoint in {tmp_path}/nowhere/checkpoints\n" in result.stderr
    assert result.exit_code == 1


def test_a_sentence_a_file_and_standard_input_give_the_same(run, tmp_path):
    lines = ["this farmer helps the tall worker every day .", "", "she sings ."]
    one = [call("translate", run, line, "--device", "cpu") for line in lines]
    assert [result.exit_code for result in one] == [0, 0, 0]
    expected = "".join(result.stdout for result in one)
    assert len(expected.splitlines()) == 3
    assert one[1].stdout == "\n"
    assert "line 1 is empty" in one[1].stderr
    file = tmp_path / "lines.txt"
    for text in ("\n".join(lines), "\r\n".join(lines) + "\r\n", "\ufeff" + "\n".join(lines)):
        file.write_bytes(text.encode())
        assert call("translate", run, "--file", file, "--device", "cpu").stdout == expected
        assert call("translate", run, "--device", "cpu", stdin=text.encode()).stdout == expected
    file.write_bytes(b"")
    result = call("translate", run, "--file", file)
    assert (result.exit_code, result.stdout) == (0, "")


def test_lines_that_are_typed_are_answered_one_by_one(run, monkeypatch):
    class Typed(list):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Typed(["she sings .\n", "she reads .\n"]))
    assert list(command._inputs(None, None)) == [["she sings ."], ["she reads ."]]


def test_what_was_never_seen_is_named_and_translated(run):
    result = call("translate", run, "she sings 龙 and \U0001f409 .", "--device", "cpu")
    assert result.exit_code == 0
    assert "line 1: never seen: 龙 \U0001f409\n" in result.stderr
    assert len(result.stdout.splitlines()) == 1
    result = call("translate", run, "--device", "cpu", stdin=b"she \xff\xfe sings .\n")
    assert result.exit_code == 0
    assert "never seen: \ufffd\ufffd" in result.stderr


def test_a_text_that_is_too_long_is_refused(run, tmp_path):
    file = tmp_path / "long.txt"
    file.write_text("she sings .\n" + "dog " * 10_000)
    result = call("translate", run, "--file", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error: sentence 2 has 10,000 tokens, at most 1,024" in result.stderr
    result = call("translate", run, "dog", "--file", file)
    assert "error: give a sentence or --file, not both" in result.stderr


def test_a_damaged_checkpoint_is_told(run, tmp_path):
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in (run / LAST).iterdir():
        data = path.read_bytes()
        (folder / path.name).write_bytes(data[:-9] if path.name == "model.safetensors" else data)
    result = call("translate", folder, "dog")
    assert result.exit_code == 1
    assert f"error: {folder}/model.safetensors is truncated or damaged: " in result.stderr
