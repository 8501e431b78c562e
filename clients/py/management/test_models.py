"""/model/*, /model_group/info, /credentials, /access_group/*, /tag/*"""

import os
import time

from conftest import error, holds

SECRET = "sk-Kz8Wm3Qx7Rv2Tn5Yb"
# As LiteLLM answers for a model that there is not.
GONE = 400
UPSTREAM = os.environ.get("IRONWARD_UPSTREAM", "")


def in_force(client, model, status=200):
    """Stored deployments join and leave within a second."""
    deadline = time.monotonic() + 15
    while client.chat(model) != status:
        assert time.monotonic() < deadline, model
        time.sleep(0.05)


def params(**more):
    return {"model": "openai/gpt-test", "api_base": f"{UPSTREAM}/v1", "api_key": SECRET,
            # Differs: a private address has to be allowed.
            "allow_private_address": True, **more}


def test_a_deployment_lives(admin, name):
    group, own = name("group"), name("model")
    made = admin.post("/model/new", {"model_name": group, "litellm_params": params(rpm=60, tpm=1000, temperature=0.5),
                                     "model_info": {"id": own, "mode": "chat", "max_input_tokens": 1000}})
    holds(made, model_id=own, model_name=group)
    in_force(admin, group)
    shown = admin.get("/model/info", litellm_model_id=own)["data"]
    holds(shown[0], model_name=group)
    holds(shown[0]["model_info"], id=own, db_model=True, mode="chat", max_input_tokens=1000)
    assert "api_key" not in shown[0]["litellm_params"] and "api_base" not in shown[0]["litellm_params"]
    assert SECRET not in str(made) + str(shown)
    for path in ("/v1/model/info", "/v2/model/info"):
        assert SECRET not in str(admin.get(path)), path
    info = admin.get("/model_group/info", model_group=group)["data"][0]
    holds(info, model_group=group, providers=["openai"], mode="chat", rpm=60, tpm=1000, max_input_tokens=1000.0)
    updated = admin.post("/model/update", {"model_info": {"id": own}, "litellm_params": {"rpm": 30}})
    holds(updated.get("litellm_params", updated), rpm=30)
    admin.patch(f"/model/{own}/update", {"model_name": group + "-renamed"})
    in_force(admin, group + "-renamed")
    admin.post("/model/block", {"model_id": own})
    in_force(admin, group + "-renamed", GONE)
    admin.post("/model/unblock", {"model_id": own})
    in_force(admin, group + "-renamed")
    admin.post("/model/delete", {"id": own})
    in_force(admin, group + "-renamed", GONE)
    assert admin.ask("POST", "/model/delete", {"id": own}).status_code in (400, 404)


def test_configured_models_are_not_changed(admin):
    shown = admin.get("/model/info")["data"]
    mock = next(row for row in shown if row["model_name"] == "mock")
    holds(mock["model_info"], db_model=False)
    own = mock["model_info"]["id"]
    error(admin.patch(f"/model/{own}/update", {"model_name": "x"}, 400))
    error(admin.post("/model/delete", {"id": own}, 400))


def test_what_is_no_deployment_is_refused(admin, name):
    for litellm_params in (
        {"model": "nobody/x", "api_key": "k"},
        # Differs: references are resolved in the configuration file only.
        params(api_key="os.environ/OPENAI_API_KEY"),
        params(api_base="file:///etc/passwd"),
        # Differs: a metadata address is never dialled.
        params(api_base="http://169.254.169.254/v1"),
        params(litellm_credential_name=name("nobody")),
    ):
        reply = admin.ask("POST", "/model/new", {"model_name": name("group"), "litellm_params": litellm_params})
        assert reply.status_code == 400, f"{litellm_params}: {reply.text}"


def test_a_credential_lives(admin, name):
    credential, group = name("credential"), name("group")
    made = admin.post("/credentials", {
        "credential_name": credential, "credential_info": {"description": "ours", "custom_llm_provider": "openai"},
        "credential_values": {"api_key": SECRET, "api_base": f"{UPSTREAM}/v1", "allow_private_address": "true"},
    })
    holds(made, success=True)
    shown = admin.get(f"/credentials/by_name/{credential}")
    listed = next(row for row in admin.get("/credentials")["credentials"] if row["credential_name"] == credential)
    for row in (shown, listed):
        holds(row, credential_name=credential)
        # Differs: LiteLLM shows the value with its middle left out.
        assert set(row["credential_values"]["api_key"]) == {"fingerprint", "created_at", "age_seconds"}
        assert SECRET not in str(row)
    model = admin.post("/model/new", {"model_name": group, "litellm_params": {
        "model": "openai/gpt-test", "litellm_credential_name": credential}})["model_id"]
    in_force(admin, group)
    admin.patch(f"/credentials/{credential}", {"credential_values": {"api_key": SECRET + "2"}, "credential_info": {"description": "new"}})
    # Differs: a secret stays with its address.
    moved = {"credential_values": {"api_base": "https://elsewhere.example/v1"}}
    error(admin.patch(f"/credentials/{credential}", moved, 400))
    # Differs: what is used is not deleted.
    assert admin.ask("DELETE", f"/credentials/{credential}").status_code in (400, 409)
    admin.post("/model/delete", {"id": model})
    admin.delete(f"/credentials/{credential}")
    assert admin.ask("GET", f"/credentials/by_name/{credential}").status_code == 404


def test_an_access_group_lives(admin, name):
    group = name("access")
    made = admin.post("/access_group/new", {"access_group": group, "model_names": ["mock"]})
    holds(made, access_group=group, model_names=["mock"])
    key = admin.with_key(admin.post("/key/generate", {"models": [group]})["key"])
    assert [key.chat("mock"), key.chat("other-mock")] == [200, 403]
    admin.put(f"/access_group/{group}/update", {"model_names": ["other-mock"]})
    assert [key.chat("mock"), key.chat("other-mock")] == [403, 200]
    holds(admin.get(f"/access_group/{group}/info"), access_group=group, model_names=["other-mock"])
    listed = admin.get("/access_group/list")
    assert group in str(listed)
    admin.delete(f"/access_group/{group}/delete")
    assert admin.ask("GET", f"/access_group/{group}/info").status_code == 404
    assert key.chat("other-mock") == 403


def test_a_tag_lives(admin, name):
    tag = name("tag")
    made = admin.post("/tag/new", {"name": tag, "description": "d", "models": ["mock"], "max_budget": 3.0, "budget_duration": "1d"})
    holds(made["tag"], name=tag, description="d", models=["mock"])
    holds(made["tag"]["litellm_budget_table"], max_budget=3.0, budget_duration="1d")
    assert admin.ask("POST", "/tag/new", {"name": tag}).status_code in (400, 409)
    admin.post("/tag/update", {"name": tag, "description": "e"})
    info = admin.post("/tag/info", {"names": [tag]})
    holds(info[tag], description="e")
    assert tag in str(admin.get("/tag/list"))
    admin.post("/tag/delete", {"name": tag})
    assert admin.ask("POST", "/tag/delete", {"name": tag}).status_code == 404


def test_any_text_is_a_name(admin):
    for text in ("Ünïcødé 🦀", "a'; DROP TABLE object;--", "../../etc/passwd", "a b\u00a0c"):
        key = admin.post("/key/generate", {"key_alias": text, "metadata": {text: text}, "tags": [text]})
        holds(admin.get("/key/info", key=key["token"])["info"], key_alias=text, metadata={text: text}, tags=[text])
        assert key["token"] in admin.get("/key/list", key_alias=text)["keys"]
        admin.post("/key/delete", {"key_aliases": [text]})
