"""/team/*"""

import pytest
from conftest import error, holds


@pytest.fixture
def people(admin, name):
    def make(count):
        users = [name("person") for _ in range(count)]
        for user in users:
            admin.post("/user/new", {"user_id": user, "user_email": f"{user}@example.com", "user_role": "internal_user",
                                     "auto_create_key": False})
        return users

    return make


def test_a_team_with_every_field(admin, name, people):
    boss, member = people(2)
    organization, team = name("org"), name("team")
    admin.post("/organization/new", {"organization_id": organization, "organization_alias": organization})
    asked = {
        "team_id": team, "team_alias": "everything", "organization_id": organization, "metadata": {"a": 1},
        "tpm_limit": 1000, "rpm_limit": 10, "tpd_limit": 100000, "max_budget": 10.5, "soft_budget": 5.0,
        "budget_duration": "30d", "budget_limits": [{"budget_duration": "1d", "max_budget": 2.0}],
        "models": ["mock", "gpt-*"], "blocked": False, "router_settings": {"num_retries": 1},
        "default_team_member_models": ["mock"], "model_aliases": {"best": "mock"}, "tags": ["prod"],
        "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"], "object_permission": {"mcp_servers": ["github"]},
        "allowed_passthrough_routes": ["/x"], "denied_passthrough_routes": ["/y"], "disable_global_guardrails": False,
        "model_rpm_limit": {"mock": 5}, "model_tpm_limit": {"mock": 6000}, "rpm_limit_type": "guaranteed_throughput",
        "tpm_limit_type": "best_effort_throughput", "mcp_rpm_limit": {"github": 1}, "team_member_budget": 2.0,
        "team_member_rpm_limit": 3, "team_member_tpm_limit": 300, "team_member_key_duration": "30d",
        "team_member_budget_duration": "1d", "team_member_permissions": ["/key/generate", "/key/info"],
    }
    members = [{"role": "admin", "user_id": boss}, {"role": "user", "user_email": f"{member}@example.com"}]
    made = admin.post("/team/new", {**asked, "members_with_roles": members})
    holds(made, **asked)
    roles = {row["user_id"]: row["role"] for row in made["members_with_roles"]}
    # LiteLLM adds whoever makes it; the administrator's key is no user.
    assert roles == {boss: "admin", member: "user"}
    info = admin.get("/team/info", team_id=team)
    assert set(info) >= {"team_id", "team_info", "keys", "team_memberships"}
    holds(info["team_info"], **asked)
    budgets = {row["user_id"]: row["litellm_budget_table"] for row in info["team_memberships"]}
    holds(budgets[member], max_budget=2.0, rpm_limit=3, tpm_limit=300, budget_duration="1d")


def test_defaults_and_refusals(admin, name):
    made = admin.post("/team/new", {"team_alias": "plain"})
    assert made["team_id"]
    holds(made, models=[], spend=0.0, max_budget=None, blocked=False, members_with_roles=[], metadata={},
          organization_id=None, admins=[], members=[])
    error(admin.post("/team/new", {"team_id": made["team_id"]}, 400), param="team_id")
    error(admin.post("/team/new", {"team_id": "litellm-dashboard"}, 400), param="team_id")
    error(admin.post("/team/new", {"organization_id": name("nobody")}, 400), param="organization_id")
    error(admin.get("/team/info", 404, team_id=name("nobody")))
    for body in ({"max_budget": 1, "soft_budget": 2}, {"max_budget": -1}):
        assert admin.ask("POST", "/team/new", body).status_code in (400, 422), body


def test_update(admin, name):
    team = admin.post("/team/new", {"team_id": name("team"), "max_budget": 5, "rpm_limit": 3, "metadata": {"a": 1}})["team_id"]
    updated = admin.post("/team/update", {"team_id": team, "max_budget": 7.0, "rpm_limit": None})
    assert set(updated) >= {"team_id", "data"} and updated["team_id"] == team
    holds(updated["data"], max_budget=7.0, rpm_limit=None, metadata={"a": 1})
    patched = admin.patch(f"/team/{team}", {"team_alias": "renamed"})
    holds(patched.get("data", patched), team_alias="renamed", max_budget=7.0)
    error(admin.post("/team/update", {"team_id": name("nobody"), "max_budget": 1}, 404))


def test_members(admin, name, people):
    first, second, third = people(3)
    team = admin.post("/team/new", {"team_id": name("team")})["team_id"]
    added = admin.post("/team/member_add", {"team_id": team, "member": {"role": "user", "user_id": first}, "max_budget_in_team": 2.5})
    assert added["updated_users"][0]["user_id"] == first
    holds(added["updated_team_memberships"][0]["litellm_budget_table"], max_budget=2.5)
    holds(added, team_id=team)
    both = [{"role": "user", "user_id": second}, {"role": "admin", "user_email": f"{third}@example.com"}]
    # Differs: making an administrator needs no licence; LiteLLM answers 400 without one.
    admin.post("/team/member_add", {"team_id": team, "member": both})
    again = admin.post("/team/member_add", {"team_id": team, "member": {"role": "user", "user_id": first}}, 400)
    error(again, "team_member_already_in_team")
    error(admin.post("/team/member_add", {"team_id": name("nobody"), "member": {"role": "user", "user_id": first}}, 404))
    changed = admin.post("/team/member_update", {"team_id": team, "user_id": first, "role": "admin", "max_budget_in_team": 4.0,
                                                 "tpm_limit": 10, "rpm_limit": 1})
    holds(changed, team_id=team, user_id=first, max_budget_in_team=4.0)
    roles = {row["user_id"]: row["role"] for row in admin.get("/team/info", team_id=team)["team_info"]["members_with_roles"]}
    assert roles == {first: "admin", second: "user", third: "admin"}
    key = admin.post("/key/generate", {"team_id": team, "user_id": second})["key"]
    assert admin.with_key(key).chat() == 200
    admin.post("/team/member_delete", {"team_id": team, "user_id": second})
    # Differs: a member's keys in the team go with them.
    assert admin.with_key(key).chat() == 401
    admin.post("/team/member_delete", {"team_id": team, "user_email": f"{third}@example.com"})
    left = admin.get("/team/info", team_id=team)["team_info"]["members_with_roles"]
    assert [row["user_id"] for row in left] == [first]


def test_models_and_permissions(admin, name):
    team = admin.post("/team/new", {"team_id": name("team"), "models": ["mock"]})["team_id"]
    key = admin.with_key(admin.post("/key/generate", {"team_id": team})["key"])
    assert [key.chat("mock"), key.chat("other-mock")] == [200, 403]
    admin.post("/team/model/add", {"team_id": team, "models": ["other-mock"]})
    assert key.chat("other-mock") == 200
    admin.post("/team/model/delete", {"team_id": team, "models": ["other-mock"]})
    assert key.chat("other-mock") == 403
    listed = admin.get("/team/permissions_list", team_id=team)
    assert set(listed) >= {"team_id", "team_member_permissions", "all_available_permissions"}
    admin.post("/team/permissions_update", {"team_id": team, "team_member_permissions": ["/key/info", "/key/generate"]})
    assert sorted(admin.get("/team/permissions_list", team_id=team)["team_member_permissions"]) == ["/key/generate", "/key/info"]


def test_block(admin, name):
    team = admin.post("/team/new", {"team_id": name("team")})["team_id"]
    key = admin.with_key(admin.post("/key/generate", {"team_id": team})["key"])
    holds(admin.post("/team/block", {"team_id": team}), blocked=True)
    assert key.chat() in (401, 403)
    holds(admin.post("/team/unblock", {"team_id": team}), blocked=False)
    assert key.chat() == 200


def test_lists(admin, name):
    organization = name("org")
    admin.post("/organization/new", {"organization_id": organization, "organization_alias": organization})
    teams = [admin.post("/team/new", {"team_id": name("team"), "organization_id": organization})["team_id"] for _ in range(3)]
    listed = admin.get("/team/list", organization_id=organization)
    assert sorted(row["team_id"] for row in listed) == sorted(teams)
    page = admin.get("/v2/team/list", organization_id=organization, page_size=2)
    holds(page, total=3, page=1, page_size=2, total_pages=2)
    assert len(page["teams"]) == 2


def test_delete_takes_its_keys_along(admin, name):
    team = admin.post("/team/new", {"team_id": name("team")})["team_id"]
    key = admin.with_key(admin.post("/key/generate", {"team_id": team})["key"])
    assert key.chat() == 200
    admin.post("/team/delete", {"team_ids": [team]})
    assert key.chat() == 401
    error(admin.get("/team/info", 404, team_id=team))
    error(admin.post("/team/delete", {"team_ids": [team]}, 404))
