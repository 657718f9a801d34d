"""`cacheplane doctor`: one line for each thing it looks at, a cure where one is needed, an exit code, and no traces."""

import re
import subprocess

import control_plane
import place

LINE = re.compile(r"(ok|warn|fail) +([^:]+): (.+)")


def run(*arguments):
    return subprocess.run(
        [control_plane.binary(), *arguments],
        env=control_plane.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )


def doctor(tmp_path, *options):
    """The findings by subject, the last line, and the exit code."""
    settings = ["--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--node-subnet", str(place.take().subnet)]
    if control_plane.router_binary().exists():
        settings += ["--router-binary", control_plane.router_binary()]
    done = run("doctor", *settings, *options)
    *lines, last = done.stdout.splitlines()
    assert done.stderr == ""
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), done.stdout
    findings = {match[2]: (match[1], match[3]) for match in matches}
    assert len(findings) == len(lines), done.stdout
    return findings, last, done.returncode


def test_all_is_well(docker_answers, tmp_path):
    findings, last, code = doctor(tmp_path)
    verdicts = {subject: verdict for subject, (verdict, _) in findings.items()}
    assert {"data directory", "Docker", "endpoints", "addresses", "router", "image of redis 7.1"} <= set(verdicts)
    assert "fail" not in verdicts.values()
    assert verdicts["image of redis 7.1"] == verdicts["router"] == verdicts["Docker"] == "ok"
    assert code == 0
    assert last.endswith("cacheplane serve")
    # It only looks.
    assert not (tmp_path / "data").exists()


def test_no_docker(tmp_path):
    findings, last, code = doctor(tmp_path, "--docker-host", f"unix://{tmp_path}/none.sock")
    verdict, told = findings["Docker"]
    assert verdict == "fail"
    assert f"nothing is at {tmp_path}/none.sock" in told and "--docker-host" in told
    assert code == 1
    assert last.startswith("In the way of cacheplane serve: 1")


def test_what_a_running_one_holds(ours):
    """The data directory and the address of one that runs are named as its own, not as somebody else's in the way."""
    options = ["--data-dir", ours.data_dir, "--listen", ours.endpoint_url.removeprefix("http://")]
    done = run("doctor", *options, "--node-subnet", str(ours.place.subnet))
    assert str(ours.process.pid) in done.stdout


def test_version_and_help():
    assert re.fullmatch(r"cacheplane \d+\.\d+\.\d+\n", run("--version").stdout)
    told = run("serve", "--help")
    assert told.returncode == 0
    for setting in ("--listen", "--data-dir", "--endpoints", "--advertise-host", "--port-range", "--node-subnet"):
        assert setting in told.stdout
    mistake = run("serve", "--endpoints", "nowhere")
    assert mistake.returncode != 0
    assert "--endpoints" in mistake.stderr and "network" in mistake.stderr
