"""The model that everything is generated from is the one that botocore knows."""

OPERATIONS = 77
FAULTS = 79


def test_generated_names_are_the_models(peer, committed_model):
    listed = peer.list()
    assert sorted(listed["operations"]) == sorted(committed_model["operations"])
    assert len(listed["operations"]) == OPERATIONS
    codes = [shape["error"]["code"] for shape in committed_model["shapes"].values() if shape.get("exception")]
    assert sorted(listed["modelled_faults"]) == sorted(codes)
    assert len(codes) == FAULTS


def test_botocores_own_model_says_the_same(committed_model, bundled_model):
    """A newer botocore may know more; what we know, it must know alike."""
    for name, operation in committed_model["operations"].items():
        bundled = bundled_model["operations"][name]
        assert operation["input"] == bundled["input"], name
        assert operation.get("output") == bundled.get("output"), name
    for name, shape in committed_model["shapes"].items():
        bundled = bundled_model["shapes"].get(name)
        if bundled is None:
            # Added by botocore while loading, or marked synthetic in the stripped copy.
            assert shape.get("synthetic") or name == "AwsQueryErrorMessage", name
            continue
        assert shape["type"] == bundled["type"], name
        assert shape.get("error") == bundled.get("error"), name
        for member, reference in shape.get("members", {}).items():
            assert wire_form(reference) == wire_form(bundled["members"][member]), f"{name}.{member}"
        if shape["type"] == "list":
            assert wire_form(shape["member"]) == wire_form(bundled["member"]), name


def wire_form(reference):
    return {key: value for key, value in reference.items() if key in ("shape", "locationName", "flattened")}
