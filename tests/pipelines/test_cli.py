"""The command line: exit codes, one-line complaints, an instant --help."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from pipelines.cli import build_parser, main


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pipelines.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pandas', 'cv2', 'pydantic', 'opensim'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fit-opensim" in done.stdout


@pytest.mark.parametrize(
    "argv",
    [
        ["scenes", "--set", "scenes.subjets=3"],
        ["render"],
        ["fit-opensim"],
        ["dataset"],
        ["train"],
        ["evaluate"],
        ["export"],
        ["scenes", "--config", "missing.yaml"],
    ],
)
def test_a_users_mistake_is_one_line_and_exit_2(argv, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*argv, "--run", str(tmp_path / "run")]) == 2
    complaint = capsys.readouterr().err.strip()
    assert complaint.startswith("spineforge: ")
    assert "\n" not in complaint
    assert "Traceback" not in complaint


def test_a_full_disk_is_one_line_and_exit_2(tmp_path, capsys, monkeypatch):
    import pipelines.handlers

    def full(_args):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x.png"))

    monkeypatch.setattr(pipelines.handlers, "render", full)
    assert main(["render", "--run", str(tmp_path)]) == 2
    assert "the disk is full" in capsys.readouterr().err


def test_another_distributions_package_is_named(capsys, monkeypatch):
    import spinepose

    monkeypatch.delattr(spinepose, "DISTRIBUTION")
    assert main(["config", "show"]) == 2
    assert "another distribution" in capsys.readouterr().err


def test_every_command_has_a_handler():
    import pipelines.handlers

    actions = [a for a in build_parser()._actions if a.dest == "command"]
    for name in actions[0].choices:
        assert callable(getattr(pipelines.handlers, name.replace("-", "_")))


def test_every_action_on_label_files_has_a_handler():
    import pipelines.handlers_dataset

    commands = next(a for a in build_parser()._actions if a.dest == "command")
    actions = next(a for a in commands.choices["dataset"]._actions if a.dest == "action")
    assert "validate" in actions.choices
    for name in actions.choices:
        assert callable(getattr(pipelines.handlers_dataset, name))


def test_dataset_without_an_action_is_the_stage_and_with_one_is_not(tmp_path, capsys):
    assert main(["dataset", "--run", str(tmp_path / "run")]) == 2
    assert "render" in capsys.readouterr().err
    assert main(["dataset", "validate", str(tmp_path / "none.json")]) == 2
    assert "no such label file" in capsys.readouterr().err
