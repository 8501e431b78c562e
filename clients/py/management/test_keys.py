"""/key/*"""

import re
from datetime import datetime, timedelta, timezone

import pytest
from conftest import error, holds, unprocessable

# GenerateKeyResponse: every field of the request and what the server adds.
FIELDS = """
    access_group_ids agent_id aliases allowed_cache_controls allowed_passthrough_routes allowed_routes
    allowed_vector_store_indexes blocked budget_duration budget_fallbacks budget_id budget_limits config created_at
    created_by default_estimated_output_tokens default_estimated_output_tokens_per_model denied_passthrough_routes
    disable_global_guardrails enable_prompt_caching end_user_budget_id enforced_params expires guardrails key key_alias
    key_name key_type litellm_budget_table max_budget max_parallel_requests mcp_rpm_limit metadata model_max_budget
    model_rpm_limit model_tpm_limit models object_permission organization_id permissions policies project_id prompts
    router_settings rpm_limit rpm_limit_type spend tag_rpm_limit tags team_id throttle_on_budget_exceeded token token_id
    tpd_limit tpm_limit tpm_limit_type updated_at updated_by user_id
""".split()


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_plain_key_has_litellms_defaults(admin):
    made = admin.post("/key/generate")
    missing = [field for field in FIELDS if field not in made]
    assert not missing
    holds(
        made, models=[], spend=0.0, aliases={}, config={}, permissions={}, metadata={}, model_max_budget={},
        allowed_cache_controls=[], allowed_routes=[], max_budget=None, user_id=None, team_id=None, tpm_limit=None,
        rpm_limit=None, max_parallel_requests=None, budget_duration=None, key_alias=None, organization_id=None,
        project_id=None, tags=[], guardrails=None, object_permission=None, soft_budget=None,
    )
    # Differs: sk-iw-, an id of 16, a secret of 256 bits and a checksum; LiteLLM's has 128 bits.
    assert re.fullmatch(r"sk-iw-[0-9a-hjkmnp-tv-z]{16}[0-9A-Za-z]{49}", made["key"])
    assert re.fullmatch(r"sk-\.\.\..{4}", made["key_name"]) and made["key"].endswith(made["key_name"][-4:])
    # Differs: the id of the key, which stays when it is rotated; LiteLLM's is a hash of the secret.
    assert made["token"] == made["token_id"] == made["key"][6:22]
    # Differs: 90 days unless it says otherwise; LiteLLM's keys live for ever.
    life = moment(made["expires"]) - datetime.now(timezone.utc)
    assert timedelta(days=89) < life < timedelta(days=91)


def test_a_key_with_every_field(admin, name):
    team, user, organization = name("team"), name("user"), name("org")
    admin.post("/organization/new", {"organization_id": organization, "organization_alias": organization})
    admin.post("/user/new", {"user_id": user, "auto_create_key": False})
    admin.post("/team/new", {"team_id": team, "organization_id": organization,
                             "members_with_roles": [{"role": "user", "user_id": user}]})
    project = admin.post("/project/new", {"team_id": team})["project_id"]
    budget = admin.post("/budget/new", {"budget_id": name("budget"), "max_budget": 3})["budget_id"]
    asked = {
        "key_alias": name("alias"), "duration": "30d", "models": ["mock", "gpt-*"], "spend": 1.5, "max_budget": 10.25,
        "user_id": user, "team_id": team, "project_id": project, "max_parallel_requests": 4,
        "metadata": {"cost_center": {"n": [1, None, "ü"]}}, "tpm_limit": 100000, "rpm_limit": 60, "tpd_limit": 10**6,
        "budget_duration": "1mo", "budget_limits": [{"budget_duration": "1d", "max_budget": 2.0}], "soft_budget": 8.0,
        "allowed_cache_controls": ["no-store"], "config": {"a": 1}, "permissions": {"x": True},
        "model_max_budget": {"mock": {"max_budget": 3.0, "budget_duration": "7d", "rpm_limit": 4}},
        "budget_fallbacks": {"mock": ["gpt-4o"]}, "model_rpm_limit": {"mock": 5}, "model_tpm_limit": {"mock": 6000},
        "mcp_rpm_limit": {"github": 1}, "tag_rpm_limit": {"prod": 1}, "rpm_limit_type": "guaranteed_throughput",
        "tpm_limit_type": "best_effort_throughput", "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"],
        "tags": ["prod"], "enforced_params": ["user"], "disable_global_guardrails": False, "blocked": False,
        "aliases": {"best": "mock"}, "object_permission": {"mcp_servers": ["github"], "blocked_tools": ["rm"]},
        "key_type": "llm_api", "allowed_passthrough_routes": ["/x"], "denied_passthrough_routes": ["/y"],
        "allowed_vector_store_indexes": [{"index_name": "i", "index_permissions": ["read"]}],
        "router_settings": {"num_retries": 1}, "auto_rotate": True, "rotation_interval": "30d",
        "throttle_on_budget_exceeded": True, "enable_prompt_caching": True, "default_estimated_output_tokens": 100,
        "default_estimated_output_tokens_per_model": {"mock": 10}, "send_invite_email": False,
    }
    made = admin.post("/key/generate", asked)
    kept = {field: value for field, value in asked.items() if field not in {"duration", "send_invite_email", "model_max_budget"}}
    holds(made, **kept)
    holds(made["model_max_budget"]["mock"], max_budget=3.0, budget_duration="7d", rpm_limit=4)
    assert made["expires"] and made["budget_reset_at"]
    info = admin.get("/key/info", key=made["key"])
    assert info["key"] == made["key"] or info["key"] == made["token"]
    holds(info["info"], **kept)
    holds(info["info"], status="active")
    assert "token" not in info["info"], "LiteLLM leaves it out of the row"
    assert made["key"] not in str(info["info"])
    # A key may name a budget object instead of having its own.
    holds(admin.post("/key/generate", {"budget_id": budget}), budget_id=budget)
    assert admin.with_key(made["key"]).chat() == 200


def test_durations_are_litellms(admin):
    for duration, lasts in [("30s", 30), ("30m", 1800), ("30h", 108000), ("30d", 2592000), ("2w", 1209600)]:
        made = admin.post("/key/generate", {"duration": duration})
        life = (moment(made["expires"]) - moment(made["created_at"])).total_seconds()
        assert abs(life - lasts) < 5, duration
    assert admin.post("/key/generate", {"duration": "1mo"})["expires"]
    for never in (None, "-1"):
        assert admin.post("/key/generate", {"duration": never})["expires"] is None


@pytest.mark.parametrize("body, param", [
    ({"max_budget": -1}, "max_budget"),
    ({"duration": "soon"}, "duration"),
    ({"key": "no-prefix-0123456789"}, "key"),
    ({"key": "sk-short"}, "key"),
    ({"team_id": "nobody's"}, "team_id"),
    ({"organization_id": "nobody's"}, "organization_id"),
    ({"project_id": "nobody's"}, "project_id"),
])
def test_what_cannot_be_taken_is_a_400(admin, body, param):
    reply = admin.ask("POST", "/key/generate", body)
    assert reply.status_code in (400, 422), reply.text
    if reply.status_code == 400:
        error(reply.json(), param=param)
    else:
        # Differs: a value that has the wrong form is told as FastAPI tells a wrong type.
        unprocessable(reply.json(), "body", param)


def test_a_wrong_shape_is_fastapis_422(admin):
    unprocessable(admin.post("/key/generate", {"max_budget": "much"}, 422), "body", "max_budget")
    unprocessable(admin.post("/key/generate", {"models": "mock"}, 422), "body", "models")
    # Differs: an unknown field is refused, with the nearest known name; LiteLLM drops it.
    reply = admin.post("/key/generate", {"max_bugdet": 1}, 422)
    unprocessable(reply, "body", "max_bugdet")
    assert "max_budget" in reply["detail"][0]["msg"]
    # Differs: numbers are numbers; pydantic takes "10" for 10.
    unprocessable(admin.post("/key/generate", {"rpm_limit": "10"}, 422), "body", "rpm_limit")


def test_a_custom_key(admin, name):
    key = "sk-" + name("chosen-by-the-operator")
    made = admin.post("/key/generate", {"key": key})
    assert made["key"] == key
    assert admin.with_key(key).chat() == 200
    error(admin.post("/key/generate", {"key": key}, 400), param="key")
    # Differs: the form of keys that Ironward makes is not for choosing.
    error(admin.post("/key/generate", {"key": "sk-iw-" + "0" * 65}, 400), param="key")


def test_an_alias_is_one_keys(admin, name):
    alias = name("alias")
    first = admin.post("/key/generate", {"key_alias": alias})
    error(admin.post("/key/generate", {"key_alias": alias}, 400), "bad_request_error", "key_alias")
    second = admin.post("/key/generate", {"key_alias": alias + "-x"})
    error(admin.post("/key/update", {"key": second["token"], "key_alias": alias}, 400), param="key_alias")
    listed = admin.get("/key/aliases", search=alias)
    assert alias in listed["aliases"]
    renamed = admin.post("/key/update", {"key_alias": alias, "max_budget": 1})
    holds(renamed, max_budget=1.0)
    admin.post("/key/delete", {"key_aliases": [alias]})
    error(admin.get("/key/info", 404, key=first["key"]), "not_found_error")


def test_an_update_is_a_merge_patch(admin, name):
    made = admin.post("/key/generate", {"models": ["mock"], "max_budget": 5, "rpm_limit": 3, "tags": ["a"], "metadata": {"a": 1}})
    key = made["key"]
    updated = admin.post("/key/update", {"key": key, "max_budget": 7, "tags": ["b"], "metadata": {"b": 2}})
    assert updated["key"] in (key, made["token"])
    holds(updated, max_budget=7.0, rpm_limit=3, models=["mock"], tags=["b"], metadata={"b": 2})
    updated = admin.post("/key/update", {"key": made["token"], "max_budget": None, "rpm_limit": None, "duration": "-1"})
    holds(updated, max_budget=None, rpm_limit=None, models=["mock"], expires=None)
    holds(admin.post("/key/update", {"key": key, "temp_budget_increase": 2.0, "temp_budget_expiry": "2030-01-01T00:00:00Z"}),
          temp_budget_increase=2.0)
    error(admin.post("/key/update", {"key": "sk-nobody-has-this-key", "models": []}, 404))
    # LiteLLM: key or key_alias has to be given.
    assert admin.ask("POST", "/key/update", {"models": []}).status_code in (400, 422)


def test_info(admin):
    made = admin.post("/key/generate", {"key_type": "management", "user_id": None})
    own = admin.with_key(made["key"]).get("/key/info")
    holds(own["info"], status="active", key_name=made["key_name"])
    error(admin.get("/key/info", 404, key="sk-nobody-has-this-key"), "not_found_error", says="not found")
    many = admin.post("/v2/key/info", {"keys": [made["key"], made["token"]]})
    assert len(many["info"]) >= 1
    assert admin.ask("POST", "/v2/key/info").status_code == 422


def test_lists_are_paged(admin, name):
    user = name("user")
    admin.post("/user/new", {"user_id": user, "auto_create_key": False})
    ids = [admin.post("/key/generate", {"user_id": user, "key_alias": name("alias")})["token"] for _ in range(12)]
    first = admin.get("/key/list", user_id=user)
    holds(first, total_count=12, current_page=1, total_pages=2)
    second = admin.get("/key/list", user_id=user, page=2)
    assert len(first["keys"]) == 10 and len(second["keys"]) == 2
    assert sorted(first["keys"] + second["keys"]) == sorted(ids)
    full = admin.get("/key/list", user_id=user, size=100, return_full_object="true")["keys"]
    assert {row["token"] for row in full} == set(ids)
    assert all(row["user_id"] == user for row in full)
    rising = admin.get("/key/list", user_id=user, size=100, sort_by="created_at", sort_order="asc")["keys"]
    falling = admin.get("/key/list", user_id=user, size=100, sort_by="created_at", sort_order="desc")["keys"]
    assert rising == falling[::-1]
    assert admin.get("/key/list", key_hash=ids[3])["keys"] == [ids[3]]
    for bad in ({"size": 101}, {"page": 0}, {"status": "odd"}, {"sort_by": "odd"}, {"sort_order": "odd"}):
        assert admin.ask("GET", "/key/list", params=bad).status_code in (400, 422), bad
    # Differs: a filter that there is not is refused; LiteLLM ignores it and lists everything.
    assert admin.ask("GET", "/key/list", params={"user": user}).status_code == 422


def test_block_and_unblock(admin):
    made = admin.post("/key/generate")
    client = admin.with_key(made["key"])
    holds(admin.post("/key/block", {"key": made["key"]}), blocked=True, token=made["token"])
    # Differs: one answer to every key that is not let in; LiteLLM's says that it is blocked.
    assert client.chat() == 401
    holds(admin.post("/key/unblock", {"key": made["token"]}), blocked=False)
    assert client.chat() == 200
    error(admin.post("/key/block", {"key": "sk-nobody-has-this-key"}, 404))


def test_rotation(admin):
    made = admin.post("/key/generate", {"models": ["mock"], "max_budget": 5, "metadata": {"a": 1}})
    renewed = admin.post(f"/key/{made['token']}/regenerate", {})
    assert renewed["key"] != made["key"]
    # Differs: the id stays; LiteLLM's is another one.
    holds(renewed, token=made["token"], models=["mock"], max_budget=5.0, metadata={"a": 1})
    assert admin.with_key(made["key"]).chat() == 401
    assert admin.with_key(renewed["key"]).chat() == 200
    again = admin.post("/key/regenerate", {"key": renewed["key"], "grace_period": "24h", "max_budget": 6})
    holds(again, max_budget=6.0, live_secrets=2)
    assert admin.with_key(renewed["key"]).chat() == admin.with_key(again["key"]).chat() == 200
    chosen = "sk-chosen-when-rotated-" + made["token"]
    assert admin.post("/key/regenerate", {"key": made["token"], "new_key": chosen})["key"] == chosen
    error(admin.post("/key/regenerate", {"key": "sk-nobody-has-this-key"}, 404))


def test_expiry(admin):
    made = admin.post("/key/generate", {"duration": "1s"})
    client = admin.with_key(made["key"])
    deadline = datetime.now() + timedelta(seconds=15)
    while client.chat() != 401:
        assert datetime.now() < deadline
    holds(admin.get("/key/info", key=made["token"])["info"], status="expired")
    listed = admin.ask("GET", "/key/list", params={"status": "expired", "size": 100}).json()
    assert made["token"] in listed["keys"]


def test_delete(admin):
    made = [admin.post("/key/generate") for _ in range(3)]
    gone = admin.post("/key/delete", {"keys": [made[0]["key"], made[1]["token"]]})
    assert len(gone["deleted_keys"]) == 2
    assert [admin.with_key(key["key"]).chat() for key in made] == [401, 401, 200]
    error(admin.post("/key/delete", {"keys": [made[0]["key"]]}, 404))
    # All or nothing.
    admin.post("/key/delete", {"keys": [made[2]["key"], made[0]["key"]]}, 404)
    assert admin.with_key(made[2]["key"]).chat() == 200


def test_a_service_accounts_key(admin, name):
    team = name("team")
    admin.post("/team/new", {"team_id": team})
    asked = {"team_id": team, "key_alias": name("alias"), "metadata": {"service_account_id": name("account")}}
    made = admin.post("/key/service-account/generate", asked)
    holds(made, user_id=None, **asked)
    # Differs: the account is an object of its own; LiteLLM's is only what the key's metadata says.
    assert made["agent_id"]
    again = admin.post("/key/service-account/generate", {**asked, "key_alias": name("alias")})
    holds(again, agent_id=made["agent_id"])
    assert admin.with_key(made["key"]).chat() == 200
    assert admin.ask("POST", "/key/service-account/generate", {}).status_code in (400, 422)


def test_bulk_update_and_spend(admin):
    made = [admin.post("/key/generate", {"spend": 3.0}) for _ in range(2)]
    changes = [{"key": key["token"], "max_budget": 9.0, "tags": ["bulk"]} for key in made]
    answer = admin.post("/key/bulk_update", {"keys": changes + [{"key": "sk-nobody-has-this-key", "max_budget": 1.0}]})
    assert len(answer["successful_updates"]) == 2 and len(answer["failed_updates"]) == 1
    for key in made:
        holds(admin.get("/key/info", key=key["token"])["info"], max_budget=9.0, tags=["bulk"])
    reset = admin.post(f"/key/{made[0]['token']}/reset_spend", {"reset_to": 0.5})
    holds(reset, spend=0.5)
    holds(admin.get("/key/info", key=made[0]["token"])["info"], spend=0.5)


def test_what_a_key_may_do_is_enforced(admin):
    models = admin.with_key(admin.post("/key/generate", {"models": ["mock"]})["key"])
    assert [models.chat("mock"), models.chat("other-mock")] == [200, 403]
    routes = admin.with_key(admin.post("/key/generate", {"allowed_routes": ["/v1/embeddings"]})["key"])
    assert routes.chat() == 403
    alias = admin.with_key(admin.post("/key/generate", {"models": ["mock"], "aliases": {"best": "mock"}})["key"])
    assert alias.chat("best") == 200
    assert [row["id"] for row in models.ask("GET", "/v1/models", url=models.data).json()["data"]] == ["mock"]


def test_without_a_key_nothing(admin):
    for path in ("/key/list", "/key/info", "/user/info", "/team/list", "/organization/list", "/model/info", "/credentials"):
        reply = admin.with_key("sk-nobody-has-this-key").get(path, 401)
        error(reply, "auth_error")
    error(admin.with_key("sk-nobody-has-this-key").post("/key/generate", {}, 401), "auth_error")
